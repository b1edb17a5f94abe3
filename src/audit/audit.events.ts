import type { Decider, PersonalData, Upcasters } from '../event-store/event.js'

/**
 * Facts about requests that changed no aggregate: attempts that failed, tokens that leave no state behind, calls of the Management API.
 * They are never the source of a decision. `reason` is for the log alone; callers are told less.
 */
export type AuditEvent =
  | { readonly type: 'ExchangeFailed'; readonly data: ExchangeFailed }
  | { readonly type: 'ClientTokenIssued'; readonly data: { readonly scope: string; readonly tokenId: string } }
  /** Somebody has shown their password at the token endpoint: a login that begins no session (spec/oauth.md §6.3). Whether tokens follow is told apart. */
  | { readonly type: 'LoggedInWithoutSession'; readonly data: { readonly userId: string } }
  | { readonly type: 'PasswordGrantSucceeded'; readonly data: PasswordGrantSucceeded }
  | { readonly type: 'AuthorizeFailed'; readonly data: AuthorizeFailed }
  | {
      readonly type: 'LoginFailed'
      readonly data: {
        readonly reason: 'wrong-password' | 'unknown-user' | 'blocked' | 'denied'
        readonly description: string
        /** As typed, where it names nobody. */
        readonly userName?: PersonalData
        /** The grant type by which a client passed the password on; without it, it was typed on the login page. */
        readonly grant?: string
        /** Where it was not for a wrong name or password. */
        readonly request?: AskedRequest
      }
    }
  /** So many wrong passwords for one account from one address that no more are looked at for a while. */
  | { readonly type: 'AccountLocked'; readonly data: object }
  /** An operator opened an account that was locked: by itself, or by a new password. Of a user, or of what people type: `userName`. */
  | { readonly type: 'AccountUnlocked'; readonly data: { readonly userId?: string; readonly userName?: PersonalData } }
  /** `userName`: the address as typed. */
  | { readonly type: 'SignupFailed'; readonly data: { readonly description: string; readonly userName?: PersonalData } }
  /** Somebody other than the invited person came with the link. */
  | { readonly type: 'InvitationRefused'; readonly data: { readonly invitationId: string; readonly organizationId: string; readonly description: string } }
  | { readonly type: 'LogoutRefused'; readonly data: { readonly description: string; readonly returnTo?: string; readonly allowed?: readonly string[] } }
  /** Something works that its operator should not leave so. */
  | { readonly type: 'Warned'; readonly data: { readonly description: string } }
  | { readonly type: 'LogoutTokenDelivered'; readonly data: LogoutTokenSent }
  | { readonly type: 'LogoutTokenFailed'; readonly data: LogoutTokenSent }
  | { readonly type: 'ManagementRequestSucceeded'; readonly data: ManagementRequest }
  | { readonly type: 'ManagementRequestFailed'; readonly data: ManagementRequest }
  | { readonly type: 'SecretRead'; readonly data: ManagementRequest }
  | { readonly type: 'ActionExecutionFailed'; readonly data: ActionExecutionFailed }
  | { readonly type: 'RateLimited'; readonly data: RateLimitFact }
  /** Before there is any refusal. */
  | { readonly type: 'RateLimitNear'; readonly data: RateLimitFact & { readonly usage: number } }

export interface AuthorizeFailed {
  readonly error: string
  /** Where Actions refused it stands in `texts`. */
  readonly description?: string
  readonly silent: boolean
  /** `RefusalTexts`, sealed: an Action may put anything of a person into them. */
  readonly texts?: PersonalData
  readonly request?: AskedRequest
}

/** An authorization request, what is secret or tells of a person concealed. */
export interface AskedRequest {
  readonly parameters: Readonly<Record<string, string>>
  /** Where it came to, or the form that went on with it. */
  readonly path?: string
  /** Where the redirect URI is none of the client's: those that are. */
  readonly callbacks?: readonly string[]
}

/** What the client was told, and the code of `validation.error`. */
export interface RefusalTexts {
  readonly message: string
  readonly code?: string
}

export interface ExchangeFailed {
  /** The grant type as on the wire. */
  readonly grant: string
  readonly error: string
  /** Where Actions refused it stands in `texts`. */
  readonly description?: string
  readonly reason: string
  readonly familyId?: string
  /** The refresh token was an online one, which has no family. */
  readonly online?: true
  /** Of a refresh token: a policy of the client opened the API. */
  readonly policyUsed?: 'mrrt'
  /** The last characters of the authorization code. */
  readonly codeEnd?: string
  readonly scope?: string
  /** `RefusalTexts`, sealed. */
  readonly texts?: PersonalData
}

export interface PasswordGrantSucceeded {
  readonly scope: string
  /** The access token's `jti`. */
  readonly tokenId: string
  /** Where a refresh token goes with it: the family that begins. */
  readonly familyId?: string
}

/** A client was told that a session has ended, or could not be. */
export interface LogoutTokenSent {
  readonly initiator: string
  readonly uri: string
  readonly statusCode?: number
  readonly error?: string
  /** The session's, where the tenant wants it in the log; null for none. */
  readonly sessionMetadata?: PersonalData | null
}

/** An Action threw, took too long or could not be run. */
export interface ActionExecutionFailed {
  readonly triggerId: string
  readonly executionId: string
  readonly actionId: string
  readonly actionName: string
  readonly versionId: string
  readonly bindingId: string
  readonly errorClass: 'platform_error' | 'action_timeout' | 'action_error' | 'rate_limited'
  /** `texts`: message and stack, sealed: an Action may put anything of a person into them. */
  readonly error: { readonly name: string; readonly code?: string; readonly texts: PersonalData }
}

/** Of one caller and window. What is optional is missing in the oldest facts. */
export interface RateLimitFact {
  readonly bucket: string
  /** Requests that a window has room for. */
  readonly size?: number
  /** The request that it happened at. */
  readonly method?: string
  readonly path?: string
}

export interface ManagementRequest {
  readonly method: string
  /** As called, without the query. */
  readonly path: string
  /** The operation's name as Auth0 writes it, such as `Create a client`. */
  readonly operation: string
  readonly status: number
  /** Without secrets (spec/logs.md §1.3), and masked where it may tell of a person; what is too long is cut. */
  readonly body?: object
  /** What was answered, under the same rule. */
  readonly responseBody?: object
  readonly query?: object
  /** The token that the caller came with. */
  readonly tokenId?: string
  readonly scopes?: readonly string[]
  /** How many more the token held. */
  readonly furtherScopes?: number
  /** Names of secrets that the answer showed. */
  readonly accessedSecrets?: readonly string[]
  /** Why it failed. */
  readonly message?: string
}

export const auditUpcasters: Upcasters<AuditEvent> = {
  ExchangeFailed: [],
  ClientTokenIssued: [],
  LoggedInWithoutSession: [],
  PasswordGrantSucceeded: [],
  AuthorizeFailed: [],
  LoginFailed: [],
  AccountLocked: [],
  AccountUnlocked: [],
  SignupFailed: [],
  InvitationRefused: [],
  LogoutRefused: [],
  Warned: [],
  LogoutTokenDelivered: [],
  LogoutTokenFailed: [],
  ManagementRequestSucceeded: [],
  ManagementRequestFailed: [],
  SecretRead: [],
  ActionExecutionFailed: [],
  RateLimited: [],
  RateLimitNear: [],
}

/** Nothing is folded: a fact stands for itself. */
export const audit: Decider<Record<string, never>, AuditEvent> = {
  streamType: 'audit',
  initial: {},
  stateVersion: 1,
  upcasters: auditUpcasters,
  evolve: (state) => state,
}
