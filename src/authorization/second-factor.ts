import type { ActiveSession } from '../sessions/index.js'
import { AuthorizationRefused } from './authorization-response.js'
import type { AuthorizeRequest } from './authorize-request.js'

/** In `acr_values`: the client wants people who have shown a second factor (spec/oauth.md §4.1). */
const MULTI_FACTOR = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

/** There is none to ask for: who demands it is not ignored (spec/actions.md §0.2 G2). SDKs match the text. */
export const secondFactorMissing = ({ prompt }: Pick<AuthorizeRequest, 'prompt'>) =>
  ({ error: prompt.has('none') ? 'login_required' : 'access_denied', message: 'Multifactor authentication required' }) as const

/** Before the session serves the request, or is begun for it. Errors: AuthorizationRefused where the client wants a factor that it has not seen. */
export function requireSecondFactor(request: AuthorizeRequest, session: Pick<ActiveSession, 'methods'> | undefined): void {
  const isWanted = (request.parameters['acr_values'] ?? '').split(' ').includes(MULTI_FACTOR)
  if (!isWanted || session?.methods.some(({ name }) => name === 'mfa')) return
  const { error, message } = secondFactorMissing(request)
  throw new AuthorizationRefused(request.target, error, message, request.prompt.has('none'))
}
