import type { QueryBus } from '@nestjs/cqrs'
import type { EventOrganization } from '../actions/index.js'
import { askedOrganization, type ClientDocument, type ClientGrantDocument, eventOrganization, showsOrganizationNames } from '../authorization/index.js'
import { FindOrganizations, FindTenantSettings } from '../users/index.js'
import type { TokenOrganization } from './acting-in.js'
import { ExchangeRefused } from './exchange-refused.js'

/** In whose name a client's own token is: as the token says it, and as Actions are told. */
export interface ClientOrganization {
  readonly token: TokenOrganization
  readonly event: EventOrganization
}

/**
 * The organization that a client asks for, or its default one, where its grant allows any (spec/oauth.md §6.2): one that was given the grant,
 * unless the grant is good for all. Undefined where the token is in nobody's name. Errors: ExchangeRefused.
 */
export async function clientOrganization(
  queries: QueryBus,
  named: string | undefined,
  client: ClientDocument,
  grant: ClientGrantDocument,
): Promise<ClientOrganization | undefined> {
  const usage = grant.organization_usage ?? 'deny'
  if (named !== undefined && usage === 'deny') throw refused('parameter organization is not allowed for this client')
  const asked = named ?? (usage === 'deny' ? undefined : defaultOf(client))
  if (asked === undefined) {
    if (usage === 'require') throw refused('parameter organization is required for this client')
    return undefined
  }
  const tenant = await queries.execute(new FindTenantSettings())
  const found = await askedOrganization(queries, asked, tenant)
  if (found.kind === 'refused') throw refused(found.text)
  const organization = found.organization.document
  const { id, name } = organization
  if (grant.allow_any_organization !== true && !(await isGiven(queries, id, grant.id))) {
    throw new ExchangeRefused('access_denied', `Client is not authorized for the organization ${id}.`, { reason: 'organization' })
  }
  const { roles: _, ...event } = eventOrganization({ organization, roles: [], namesShown: false })
  return { token: { id, ...(showsOrganizationNames(tenant) && { name }) }, event }
}

const refused = (description: string): ExchangeRefused => new ExchangeRefused('invalid_request', description, { reason: 'organization' })

async function isGiven(queries: QueryBus, id: string, grantId: string): Promise<boolean> {
  const { total } = await queries.execute(new FindOrganizations({ id, grantId }, { limit: 0 }))
  return total > 0
}

/** spec/management-api.md §2.2: `{organization_id, flows}`. */
function defaultOf(client: ClientDocument): string | undefined {
  const { organization_id, flows } = (client['default_organization'] ?? {}) as { organization_id?: unknown; flows?: unknown }
  const isForClients = Array.isArray(flows) && flows.includes('client_credentials')
  return isForClients && typeof organization_id === 'string' ? organization_id : undefined
}
