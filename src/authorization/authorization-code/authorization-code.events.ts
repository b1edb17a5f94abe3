import type { ExecutionFacts, PersonalData, Upcasters } from '../../event-store/event.js'

/** What a person's login lets one client have. Nothing here redeems the code: its stream is named by the code's hash. */
export interface AuthorizationCodeIssued {
  readonly userId: string
  readonly clientId: string
  readonly sessionId: string
  readonly connection: string
  readonly scope: readonly string[]
  readonly audience: string | null
  readonly redirectUri: string
  /** Whether the request named it: then the exchange must name it too (RFC 6749 §4.1.3). */
  readonly redirectUriSent: boolean
  readonly nonce: string | null
  /** Absent PKCE is null. */
  readonly challenge: { readonly method: 'S256' | 'plain'; readonly value: string } | null
  /** The thumbprint that the exchange's proof must have (RFC 9449 §10). */
  readonly dpopJkt: string | null
  /** When the person proved who they are. */
  readonly authenticatedAt: string
  /** How, where that was not by their password alone. */
  readonly methods?: readonly { readonly name: string; readonly at: string }[]
  /** When they were last seen to be logged in, before they gave the client anything. What ended their tokens since then ends those of this code. */
  readonly authorizedAt?: string
  readonly maxAgeSent: boolean
  /** The client gets an online refresh token. */
  readonly online?: boolean
  /** In whose name they logged in. */
  readonly organizationId?: string
  /** What the application calls the device, sealed for the person. */
  readonly device?: PersonalData
  /** Answered from a session, nobody was asked: `prompt=none`. */
  readonly silent: boolean
  /** Tokens that were answered at once, beside the code or, where its lifetime is none, in its place; and the id of the access token among them. */
  readonly frontChannel?: { readonly idToken: boolean; readonly accessTokenId?: string }
  /** Of the Actions that ran at the login; absent where none is bound. */
  readonly actions?: DecidedByActions
  /** How the browser keeps the session's cookie, where Actions decided: the log tells of the login by this event then. */
  readonly cookie?: 'persistent' | 'non-persistent'
  readonly expiresAt: string
}

/** What Actions decided about tokens that are issued later, and which code it was. */
export interface DecidedByActions {
  /** `IssuanceDecisions` as JSON, sealed for the person: claims may say anything about them. */
  readonly decisions: PersonalData
  readonly execution: ExecutionFacts
  /** Logins of the person so far, as they were told, for the log. */
  readonly loginsCount?: number
}

/** A code is redeemed once; a second try with it is told from a guess, because what was born of it must die. */
export type AuthorizationCodeEvent =
  | { readonly type: 'AuthorizationCodeIssued'; readonly data: AuthorizationCodeIssued }
  | {
      readonly type: 'AuthorizationCodeRedeemed'
      readonly data: {
        readonly familyId: string
        readonly accessTokenId: string | null
        readonly audience: string | null
        readonly scope: readonly string[]
        /** An online refresh token is due. */
        readonly online?: true
        /** The code's last three characters, which the log shows of it: nobody can redeem it any more. */
        readonly codeEnd?: string
      }
    }
  /** Used up by an exchange whose verifier was wrong. */
  | { readonly type: 'AuthorizationCodeForfeited'; readonly data: object }
  | { readonly type: 'AuthorizationCodeReplayed'; readonly data: { readonly familyId: string } }

export const authorizationCodeUpcasters: Upcasters<AuthorizationCodeEvent> = {
  AuthorizationCodeIssued: [],
  AuthorizationCodeRedeemed: [],
  AuthorizationCodeForfeited: [],
  AuthorizationCodeReplayed: [],
}
