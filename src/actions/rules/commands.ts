import type { CacheRecord } from './cache.js'
import type { MetadataOperation } from './metadata.js'

/** JSON that an Action handed over: what it is, whoever uses it checks. */
export type Json = unknown

export type TokenKind = 'accessToken' | 'idToken'
export type UserMetadataKind = 'user_metadata' | 'app_metadata'

/**
 * What an Action asked for, in the order in which it did; plain data, since an Action never changes anything itself. An absent `value`
 * takes back what was asked for before.
 */
export type Command =
  | { readonly type: 'access.deny'; readonly reason: string; readonly code?: string }
  | { readonly type: 'validation.error'; readonly code: string; readonly message: string }
  | { readonly type: 'claim'; readonly token: TokenKind; readonly key: string; readonly value?: Json }
  | { readonly type: 'scope'; readonly change: 'add' | 'remove'; readonly scope: string }
  | { readonly type: 'targetScope'; readonly change: 'add' | 'remove' | 'set' | 'clear'; readonly scopes: readonly string[] }
  | { readonly type: 'user.metadata'; readonly kind: UserMetadataKind; readonly key: string; readonly value?: Json }
  | { readonly type: 'refreshToken.metadata'; readonly operation: MetadataOperation }
  | { readonly type: 'refreshToken.expiry'; readonly absolute?: number; readonly idle?: number }
  | { readonly type: 'refreshToken.revoke'; readonly reason: string }
  | { readonly type: 'session.metadata'; readonly operation: MetadataOperation }
  | { readonly type: 'session.expiry'; readonly absolute?: number; readonly idle?: number }
  | { readonly type: 'session.revoke'; readonly reason: string; readonly preserveRefreshTokens: boolean }
  | { readonly type: 'session.cookieMode'; readonly mode: CookieMode }
  | { readonly type: 'transaction.metadata'; readonly key: string; readonly value: string | number | boolean | null }
  | { readonly type: 'cache.set'; readonly key: string; readonly record: CacheRecord }
  | { readonly type: 'cache.delete'; readonly key: string }
  | { readonly type: 'redirect'; readonly url: string }
  | { readonly type: 'multifactor'; readonly provider: string; readonly allowRememberBrowser: boolean }
  | { readonly type: 'recordMethod'; readonly url: string }
  /** Something that this service does not have. `closed`: the transaction must not go on without it. */
  | { readonly type: 'unsupported'; readonly method: string; readonly closed: boolean }

export type CookieMode = 'persistent' | 'non-persistent'

/** More than any Action needs, and few enough to be gone through. */
export const MAX_COMMANDS = 2000
