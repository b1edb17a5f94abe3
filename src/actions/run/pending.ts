import type { CookieMode, Json } from '../rules/commands.js'
import type { Claims } from '../rules/claims.js'
import type { Metadata, MetadataOperation } from '../rules/metadata.js'
import type { TransactionMetadata } from '../rules/transaction.js'

/** What the Actions of a chain have asked for so far; JSON, since a chain may be suspended. */
export interface Pending {
  readonly claims: { readonly accessToken: Claims; readonly idToken: Claims }
  /** The last word on each. */
  readonly scopes: Readonly<Record<string, 'add' | 'remove'>>
  readonly refreshToken: PendingMetadata & PendingExpiry
  readonly session: PendingMetadata & PendingExpiry & { readonly cookieMode?: CookieMode }
  /** Null takes a member away. */
  readonly userMetadata: Readonly<Record<string, Json>>
  readonly appMetadata: Readonly<Record<string, Json>>
  readonly transaction: TransactionMetadata
  readonly multifactor?: { readonly provider: string; readonly allowRememberBrowser: boolean }
  /** Methods of authentication that were recorded. */
  readonly methods: readonly string[]
  readonly warnings: readonly string[]
  /** A method that this service does not have, called beside a redirect: the login ends when the browser is back. */
  readonly owed?: string
  readonly commands: number
}

/** `metadata` is what the operations make of what is stored. */
interface PendingMetadata {
  readonly operations: readonly MetadataOperation[]
  readonly metadata: Metadata
}

/** Epoch milliseconds. */
export interface PendingExpiry {
  readonly expiresAt?: number
  readonly idleExpiresAt?: number
}

export const nothingPending = (refreshToken: Metadata, session: Metadata): Pending => ({
  claims: { accessToken: {}, idToken: {} },
  scopes: {},
  refreshToken: { operations: [], metadata: refreshToken },
  session: { operations: [], metadata: session },
  userMetadata: {},
  appMetadata: {},
  transaction: {},
  methods: [],
  warnings: [],
  commands: 0,
})
