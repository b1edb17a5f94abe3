import { type ArgumentsHost, Catch, Injectable } from '@nestjs/common'
import type { Context } from '../event-store/event.js'
import { Audit } from '../audit/audit.js'
import type { ExchangeFailed, RefusalTexts } from '../audit/audit.events.js'
import { claimedClientId, endOf } from '../authorization/index.js'
import { OAuthError, OAuthErrorFilter } from '../http/oauth-error.js'
import { PersonKeys } from '../keys/person-keys.js'
import { callerOf } from './caller.js'
import { ExchangeRefused, type RefusedExchange } from './exchange-refused.js'
import { shownText, withoutPersons } from '../redact.js'
import { clientRequest } from './oauth-request.guard.js'
import { causedBy, ofVisitor } from './refresh-token/cause.js'
import type { ParsedTokenRequest } from './token-request.guard.js'

/** What callers write without being anybody is kept short. */
const MAX_CLIENT_ID = 64
const MAX_GRANT = 100
const MAX_SCOPE = 1000
const MAX_AUDIENCE = 600

/** Refusals of the token endpoint are facts of the log, committed before the caller reads them (spec/logs.md §6.2). */
@Catch()
@Injectable()
export class TokenErrorFilter extends OAuthErrorFilter {
  constructor(
    private readonly audit: Audit,
    private readonly personKeys: PersonKeys,
  ) {
    super()
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    const req = host.switchToHttp().getRequest<ParsedTokenRequest>()
    void this.#record(error, req).then(
      () => super.catch(error, host),
      // What cannot be recorded is not answered as if it had been.
      (failure: unknown) => super.catch(failure, host),
    )
  }

  /** Without a grant type there is nothing that was tried; a fault of ours is no refusal, nor is asking for a nonce, which anybody may. */
  async #record(error: unknown, req: ParsedTokenRequest): Promise<void> {
    if (!(error instanceof OAuthError) || error.status === 429 || error.code === 'use_dpop_nonce') return
    const grant = req.token?.grantType ?? unknownGrant(error, req)
    if (grant === undefined) return
    const refused = error instanceof ExchangeRefused ? error.refused : undefined
    if (refused?.recorded || (error.status >= 500 && !refused?.actions)) return
    const data = {
      grant,
      error: error.code,
      ...(await this.#told(error, refused)),
      reason: refused?.reason ?? error.detail ?? error.code,
      ...(refused?.familyId !== undefined && { familyId: refused.familyId }),
      ...(refused?.online && { online: true as const }),
      ...(refused?.policyUsed && { policyUsed: refused.policyUsed }),
      ...(req.token && 'code' in req.token && { codeEnd: endOf(req.token.code) }),
      ...(req.token && 'scope' in req.token && req.token.scope && { scope: shownText(req.token.scope.join(' '), MAX_SCOPE) }),
    }
    await this.audit.record({ type: 'ExchangeFailed', data }, await this.#cause(req, refused))
  }

  /** An Action's own words may be about the person. */
  async #told({ description }: OAuthError, refused: RefusedExchange | undefined): Promise<Pick<ExchangeFailed, 'description' | 'texts'>> {
    if (!refused?.actions || refused.userId === undefined) return { description: shownText(description) }
    const { actionCode: code } = refused
    const texts: RefusalTexts = { message: description, ...(code !== undefined && { code }) }
    return { texts: await this.personKeys.sealIfKnown(refused.userId, texts) }
  }

  /** Whose token it was is known only where it is genuine. Whoever bears the id of somebody who is gone is another. */
  async #cause(req: ParsedTokenRequest, refused: RefusedExchange | undefined): Promise<Context> {
    const userId = refused?.userId
    const { origin, context } = callerOf(req)
    const clientId = req.client?.client_id ?? shown(claimedClientId(clientRequest(req)), MAX_CLIENT_ID)
    const audience = shown(req.token && 'audience' in req.token ? req.token.audience : undefined, MAX_AUDIENCE)
    const whose =
      userId === undefined || refused?.reason === 'user-gone'
        ? { ...(userId !== undefined && { userId }), origin: await ofVisitor(this.personKeys, origin) }
        : await causedBy(this.personKeys, userId, origin)
    return {
      ...context,
      ...(clientId !== undefined && { clientId }),
      ...(audience !== undefined && { audience }),
      ...refused?.login,
      ...(refused?.actions && { actions: refused.actions }),
      ...whose,
    }
  }
}

const shown = (text: string | undefined, atMost: number): string | undefined => (text === undefined ? undefined : shownText(text, atMost))

/** One that nobody has, as the caller wrote it. */
const unknownGrant = ({ code }: OAuthError, { body }: ParsedTokenRequest): string | undefined =>
  code === 'unsupported_grant_type' ? withoutPersons(body['grant_type'] ?? '').slice(0, MAX_GRANT) : undefined
