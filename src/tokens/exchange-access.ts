import { Injectable } from '@nestjs/common'
import { type ClientDocument, issuance } from '../authorization/index.js'
import { shownText } from '../redact.js'
import type { AccessRefused } from './commands/redeem-refresh-token.js'
import { type ExchangeRights, ExchangeRightsFinder, type Login, type User } from './exchange-rights.js'
import { decidedScope } from './post-login/decided-scope.js'
import type { Decided } from './post-login/exchange-actions.js'
import type { ExchangedAccess } from './refresh-token/family.events.js'
import type { RequestOf, TokenSender } from './token-request.js'
import { type TokenResponse, TokenSet, type UserTerms } from './token-set.js'

/** What is given for a refresh token, offline or online. */
interface GivenAccess {
  readonly access: ExchangedAccess
  readonly tokens: TokenResponse
  /** Where Actions took part. */
  readonly decided?: Extract<Decided, { kind: 'allowed' }>
  /** Actions held this up: what it rests on has to be seen again, the clock included, since a leeway begins with the answer. */
  readonly heldUp: boolean
}

type AskActions = (rights: ExchangeRights) => Promise<Decided | undefined>
type GiveAccess = (
  login: Login & Pick<UserTerms, 'familyId' | 'sessionId' | 'authenticatedAt'>,
  user: User | null,
  now: Date,
  ask: AskActions,
) => Promise<GivenAccess | AccessRefused>

/** Checks 9 to 14 of spec/refresh-tokens.md §6.1, then the signatures. */
@Injectable()
export class ExchangeAccess {
  constructor(
    private readonly rights: ExchangeRightsFinder,
    private readonly tokenSet: TokenSet,
  ) {}

  /**
   * For one request, to be asked inside the decision on its token, because once that is spent the client must get its answer. However often a conflict
   * asks again, Actions are asked once.
   */
  of({ scope: requested, audience }: RequestOf<'refresh_token'>, client: ClientDocument, { proofs }: TokenSender): GiveAccess {
    const id = this.tokenSet.newId()
    const signed = this.tokenSet.once(id)
    let asked: ReturnType<AskActions> | undefined
    return async (login, user, now, ask) => {
      const rights = await this.rights.find(login, user, client, { audience, scope: requested })
      if ('refused' in rights) return rights
      const { api, scope: granted, person, permissions, policyUsed } = rights
      const used = policyUsed && { policyUsed }
      const possession = issuance({ client, api, proofs })
      if (possession.kind === 'refused') return { refused: 'possession', error: 'invalid_request', description: possession.description, ...used }
      const proof = possession.kind === 'constrained' ? possession.proof : undefined
      const began = asked ? Infinity : performance.now()
      const decided = await (asked ??= ask(rights))
      const heldUp = decided !== undefined && performance.now() - began > HELD_UP_MS
      if (decided?.kind === 'denied') return { refused: 'actions', error: decided.error, description: decided.description, denial: decided, ...used }
      const { scope, added } = decided ? decidedScope(granted, decided.scopes, api) : { scope: granted, added: [] }
      const { familyId, sessionId, authenticatedAt, scope: loginScope } = login
      const ofLogin = { ...(familyId !== undefined && { familyId }), sessionId, authenticatedAt, loginScope, organization: rights.organization?.token }
      const tokens = await signed({ ...ofLogin, client, api, person, scope, permissions, gty: 'refresh_token', proof, decided }, now)
      const access = {
        accessTokenId: id,
        audience: api?.identifier ?? null,
        scope,
        accessTokenSeconds: tokens.expires_in,
        ...used,
        ...(audience !== undefined && { requestedAudience: audience }),
        ...(requested && { requestedScope: shownText(requested.join(' '), MAX_SCOPE) }),
        ...(added.length > 0 && { addedScope: added }),
      }
      return { access, tokens, heldUp, ...(decided && { decided }) }
    }
  }
}

/** What took longer, the one time that Actions are asked: an exchange is held up once, however slow this process is. */
const HELD_UP_MS = 100

/** As much of what was asked for stands in the log. */
const MAX_SCOPE = 1000
