import type { SessionEndReason } from '../../sessions/index.js'
import type { ClientDocument } from '../client/client.events.js'

/** Why a session ended, as clients select and read it (spec/sessions.md §7). */
type LogoutInitiator =
  | 'rp-logout'
  | 'idp-logout'
  | 'password-changed'
  | 'session-expired'
  | 'session-revoked'
  | 'account-deleted'
  | 'email-identifier-changed'
  | 'account-deactivated'

export const INITIATOR_OF: Readonly<Record<SessionEndReason, LogoutInitiator>> = {
  logout: 'rp-logout',
  'idp-logout': 'idp-logout',
  'password-changed': 'password-changed',
  expired: 'session-expired',
  replaced: 'session-revoked',
  revoked: 'session-revoked',
  api: 'session-revoked',
  action: 'session-revoked',
  'user-deleted': 'account-deleted',
  'user-blocked': 'account-deactivated',
  'identifier-changed': 'email-identifier-changed',
}

/** Always on (spec/sessions.md §7, §14). */
const DEFAULT_INITIATORS: readonly string[] = ['rp-logout', 'idp-logout']

interface BackChannelLogout {
  readonly backchannel_logout_urls?: readonly string[]
  readonly backchannel_logout_initiators?: { readonly mode?: string; readonly selected_initiators?: readonly string[] } | null
  readonly backchannel_logout_session_metadata?: { readonly include?: boolean } | null
}

/** Where a client wants to be told of a session that ended like this; undefined when it does not. */
export function logoutTarget(client: ClientDocument, initiator: string): { readonly url: string; readonly withMetadata: boolean } | undefined {
  const settings = client['oidc_logout'] as BackChannelLogout | null | undefined
  const [url] = settings?.backchannel_logout_urls ?? []
  if (url === undefined) return undefined
  const { mode, selected_initiators } = settings?.backchannel_logout_initiators ?? {}
  if (mode !== 'all' && !(selected_initiators ?? DEFAULT_INITIATORS).includes(initiator)) return undefined
  return { url, withMetadata: settings?.backchannel_logout_session_metadata?.include === true }
}
