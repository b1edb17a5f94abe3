import type { Decider, Decision } from '../../event-store/event.js'
import { type AuthorizationCodeEvent, type AuthorizationCodeIssued, authorizationCodeUpcasters } from './authorization-code.events.js'

export type AuthorizationCodeState =
  | { readonly status: 'unknown' }
  | ({ readonly status: 'open' } & AuthorizationCodeIssued)
  | ({ readonly status: 'redeemed'; readonly clientId: string; readonly replayed: boolean } & BornOfCode)
  | { readonly status: 'forfeited' }

/** What a code was redeemed for: the family, started or only promised, and where online access was due, the session and the API of it. */
export interface BornOfCode {
  readonly familyId: string
  readonly online?: { readonly sessionId: string; readonly audience: string | null }
}

export const authorizationCode: Decider<AuthorizationCodeState, AuthorizationCodeEvent> = {
  streamType: 'authorization_code',
  initial: { status: 'unknown' },
  stateVersion: 2,
  upcasters: authorizationCodeUpcasters,
  evolve: (state, { type, data }) => {
    switch (type) {
      case 'AuthorizationCodeIssued':
        return { status: 'open', ...data }
      case 'AuthorizationCodeRedeemed': {
        if (state.status !== 'open') return state
        const { clientId, sessionId, audience, online } = state
        return { status: 'redeemed', clientId, familyId: data.familyId, replayed: false, ...(online && { online: { sessionId, audience } }) }
      }
      case 'AuthorizationCodeForfeited':
        return { status: 'forfeited' }
      case 'AuthorizationCodeReplayed':
        return state.status === 'redeemed' ? { ...state, replayed: true } : state
    }
  },
}

export type CodeTerms = Omit<AuthorizationCodeIssued, 'expiresAt'>

/** Answers the time of it. */
export function issueCode(state: AuthorizationCodeState, terms: CodeTerms, now: Date, lifetimeSeconds: number): Decision<AuthorizationCodeEvent, Date> {
  if (state.status !== 'unknown') throw new Error('two codes with the same 256 random bits')
  const expiresAt = new Date(now.getTime() + lifetimeSeconds * 1000).toISOString()
  return { events: [{ type: 'AuthorizationCodeIssued', data: { ...terms, expiresAt } }], result: now }
}

/** What the client sent, its verifier already made into what would be the challenge of each method. */
export interface CodeExchange {
  readonly clientId: string
  readonly redirectUri: string | undefined
  readonly verifier: { readonly S256: string; readonly plain: string } | undefined
  readonly familyId: string
  readonly accessTokenId?: string | undefined
  /** The code's last characters, for the log. */
  readonly codeEnd?: string | undefined
  /** Of the key whose DPoP proof came with it. */
  readonly dpopThumbprint?: string | undefined
  /** Why its sender may have no access token: a proof of possession is demanded and missing. For the client. */
  readonly possessionMissing?: string | undefined
}

export type CodeRefusal =
  | { readonly kind: 'refused'; readonly why: 'invalid' | 'expired' | 'binding' | 'verifier-missing' | 'verifier-wrong' | 'verifier-unexpected' }
  | ({ readonly kind: 'refused'; readonly why: 'replayed' } & BornOfCode)
  | { readonly kind: 'refused'; readonly why: 'redirect-uri'; readonly expected: string }
  | { readonly kind: 'refused'; readonly why: 'possession'; readonly missing: string }

type CodeOutcome = CodeRefusal | { readonly kind: 'redeemed'; readonly grant: AuthorizationCodeIssued }

/** Spends the code, in the order of checks of spec/oauth.md §6.1; the client comes first, so that nobody else can spoil its code. */
export function redeemCode(state: AuthorizationCodeState, exchange: CodeExchange, now: Date): Decision<AuthorizationCodeEvent, CodeOutcome> {
  const refuse = (refusal: CodeRefusal, events: readonly AuthorizationCodeEvent[] = []): Decision<AuthorizationCodeEvent, CodeOutcome> => ({
    events,
    result: refusal,
  })
  if (state.status === 'unknown' || state.status === 'forfeited' || state.clientId !== exchange.clientId) return refuse({ kind: 'refused', why: 'invalid' })
  if (state.status === 'redeemed') {
    const { familyId, replayed, online } = state
    // Said once: a client in a loop must not fill the log.
    return refuse(
      { kind: 'refused', why: 'replayed', familyId, ...(online && { online }) },
      replayed ? [] : [{ type: 'AuthorizationCodeReplayed', data: { familyId } }],
    )
  }
  if (now.getTime() >= Date.parse(state.expiresAt)) return refuse({ kind: 'refused', why: 'expired' })
  const { challenge, redirectUri, redirectUriSent, dpopJkt } = state
  const { verifier } = exchange
  // RFC 9449 §10. Before the verifier is looked at: who lacks the key must not be able to use the code up.
  if (dpopJkt !== null && exchange.dpopThumbprint !== dpopJkt) return refuse({ kind: 'refused', why: 'binding' })
  if (exchange.redirectUri === undefined ? redirectUriSent : exchange.redirectUri !== redirectUri) {
    return refuse({ kind: 'refused', why: 'redirect-uri', expected: redirectUri })
  }
  if (challenge && !verifier) return refuse({ kind: 'refused', why: 'verifier-missing' })
  // Somebody took the challenge out of the request (RFC 9700 §2.1.1).
  if (!challenge && verifier) return refuse({ kind: 'refused', why: 'verifier-unexpected' })
  if (challenge && verifier && verifier[challenge.method] !== challenge.value) {
    return refuse({ kind: 'refused', why: 'verifier-wrong' }, [{ type: 'AuthorizationCodeForfeited', data: {} }])
  }
  if (exchange.possessionMissing !== undefined) return refuse({ kind: 'refused', why: 'possession', missing: exchange.possessionMissing })
  const { status: _, ...grant } = state
  const { audience, scope, online } = grant
  const { familyId, accessTokenId = null, codeEnd } = exchange
  const data = { familyId, accessTokenId, audience, scope, ...(online && { online }), ...(codeEnd !== undefined && { codeEnd }) }
  return { events: [{ type: 'AuthorizationCodeRedeemed', data }], result: { kind: 'redeemed', grant } }
}
