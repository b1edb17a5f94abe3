import type { Config } from '../../config.js'
import { OAuthError } from '../../http/oauth-error.js'

interface Refusal {
  /** For the log alone. */
  readonly reason: string | undefined
  /** What the caller is told, where that is more than that it is refused. */
  readonly description?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Whoever calls has not proved to be the client (spec/oauth.md §1.2): in one of the two ways in which Auth0's tenants say so. */
export function clientRefused({ errorsClientAuth }: Config['settings'], { reason, description, headers = {} }: Refusal): OAuthError {
  const usual = errorsClientAuth === 'access_denied' ? 'Unauthorized' : 'Client authentication failed'
  return new OAuthError(errorsClientAuth, description ?? usual, reason, { status: 401, headers })
}
