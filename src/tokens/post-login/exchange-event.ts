import { eventRequest, type EventDevice, type EventRefreshToken, type PostLoginEvent, type Protocol } from '../../actions/index.js'
import { onlineTokenId, type OnlineGrant } from '../../sessions/index.js'
import type { Exchanged } from '../commands/redeem-refresh-token.js'
import { resourceServers } from '../resource-servers.js'
import type { Caller, RequestOf } from '../token-request.js'

type Stored = EventRefreshToken['metadata']

/** What an Action is told of the request of an exchange, or of a login at the token endpoint (spec/actions.md §2.3, §2.5). */
export function exchangeRequest(
  { origin, context, sent }: Caller,
  { scope = [] }: Pick<RequestOf<'refresh_token'>, 'scope'>,
  protocol: Protocol = 'oauth2-refresh-token',
): Pick<PostLoginEvent, 'request' | 'transaction'> {
  const correlationId = sent.parameters['correlation_id']
  return {
    request: tokenRequest({ origin, context, sent }),
    transaction: { protocol, requested_scopes: scope, ...(correlationId !== undefined && { correlation_id: correlationId }) },
  }
}

/** Any request to the token endpoint, without its secrets. */
export const tokenRequest = ({ origin: { ip, userAgent }, context, sent: { acceptLanguage, parameters } }: Caller): PostLoginEvent['request'] =>
  eventRequest({ ip, hostname: context.hostname ?? '', method: 'POST', userAgent, acceptLanguage, body: parameters })

/** An offline refresh token as it was before this exchange (§2.6). `metadata`: opened. */
export function offlineToken(family: Exchanged, metadata: Stored, device: EventDevice, issuer: string): EventRefreshToken {
  const { exchangedId, userId, clientId, sessionId, startedAt, expiresAt, idleExpiresAt, lastExchangedAt, rotating } = family
  return {
    id: exchangedId,
    user_id: userId,
    client_id: clientId,
    ...(sessionId !== null && { session_id: sessionId }),
    created_at: startedAt,
    ...(expiresAt !== null && { expires_at: expiresAt }),
    ...(idleExpiresAt !== null && { idle_expires_at: idleExpiresAt }),
    ...(lastExchangedAt !== null && { last_exchanged_at: lastExchangedAt }),
    rotating,
    access: 'offline',
    resource_servers: resourceServers(family, issuer),
    device,
    metadata,
  }
}

/** An online one: it began, is used and ends with its session, and has no metadata of its own (spec/actions.md §3.5, where spec/refresh-tokens.md §8 would keep some). */
export function onlineTokenFacts({ sessionId, session, terms, number }: OnlineGrant, device: EventDevice, issuer: string): EventRefreshToken {
  const { userId, expiresAt, idleExpiresAt } = session
  const { grantedAt, lastExchangedAt } = session.online.find((granted) => granted.number === number)!
  return {
    id: onlineTokenId(sessionId, number),
    user_id: userId,
    client_id: terms.clientId,
    session_id: sessionId,
    created_at: grantedAt,
    expires_at: expiresAt,
    idle_expires_at: idleExpiresAt,
    ...(lastExchangedAt !== undefined && { last_exchanged_at: lastExchangedAt }),
    rotating: false,
    access: 'online',
    resource_servers: resourceServers(terms, issuer),
    device,
    metadata: {},
  }
}
