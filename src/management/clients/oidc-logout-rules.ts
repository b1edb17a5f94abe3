import { isIP } from 'node:net'
import type { ManagementError } from '../../http/management-error.js'
import { isPrivateAddress } from '../../http/outbound.js'
import type { OidcLogoutSettings } from './oidc-logout.dto.js'
import { refusedBody } from '../validation/valid-body.js'

export interface LogoutUrlPolicy {
  readonly issuer: string
  /** http and addresses that are not public are taken: for development. */
  readonly allowInsecure: boolean
}

const REQUIRED_INITIATORS = ['rp-logout', 'idp-logout']

/** What an application may have told to it, and where (spec/sessions.md §7). Errors: ManagementError 400. */
export function checkOidcLogout({ backchannel_logout_urls, backchannel_logout_initiators }: OidcLogoutSettings, policy: LogoutUrlPolicy): void {
  for (const url of backchannel_logout_urls ?? []) {
    const problem = urlProblem(url, policy)
    if (problem) throw refused(`'${problem}' on property oidc_logout.backchannel_logout_urls`)
  }
  const { mode = 'custom', selected_initiators: selected } = backchannel_logout_initiators ?? {}
  if (mode === 'custom' && selected && !REQUIRED_INITIATORS.every((initiator) => selected.includes(initiator))) {
    throw refused(`'rp-logout and idp-logout are always selected' on property oidc_logout.backchannel_logout_initiators.selected_initiators`)
  }
}

function urlProblem(text: string, { issuer, allowInsecure }: LogoutUrlPolicy): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['https:', 'http:'].includes(url.protocol)) return 'Not an absolute https address'
  if (url.username !== '' || url.password !== '') return 'An address with credentials'
  if (url.hash !== '') return 'An address with a fragment'
  if (url.host === new URL(issuer).host) return 'An address of this very service'
  if (allowInsecure) return undefined
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol !== 'https:') return 'Not an absolute https address'
  if (host === 'localhost' || host.endsWith('.localhost') || (isIP(host) !== 0 && isPrivateAddress(host))) return 'An address that is not public'
  return undefined
}

const refused = (what: string): ManagementError => refusedBody(`Payload validation error: ${what}.`)
