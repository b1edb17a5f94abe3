import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs'
import type { ClientDocument } from '../client/client.events.js'
import { isStrict } from '../client/strict.js'
import { scopeOfGrant } from '../granted-scope.js'
import type { ResourceServerDocument } from '../resource-server/resource-server.events.js'
import { FindClientGrant } from './find-client-grant.js'

export type UserAccess =
  /** `clientGrantScope`: what the client's grant for users allows at the API; undefined where none applies. */
  | { readonly kind: 'allowed'; readonly clientGrantScope: readonly string[] | undefined }
  | {
      readonly kind: 'refused'
      readonly why: 'denied' | 'no-client-grant'
      readonly error: 'access_denied' | 'unauthorized_client'
      readonly description: string
    }

/** Whether a client may have tokens of its users for an API, as its settings were less than a second ago (spec/oauth.md §1.2). */
export class FindUserAccess extends Query<UserAccess> {
  constructor(
    readonly client: ClientDocument,
    readonly api: ResourceServerDocument,
  ) {
    super()
  }
}

@QueryHandler(FindUserAccess)
export class FindUserAccessHandler implements IQueryHandler<FindUserAccess> {
  constructor(private readonly queries: QueryBus) {}

  async execute({ client, api }: FindUserAccess): Promise<UserAccess> {
    const policy = (api['subject_type_authorization'] as { user?: { policy?: unknown } } | null | undefined)?.user?.policy
    const { identifier } = api
    if (policy === 'deny_all') {
      return { kind: 'refused', why: 'denied', error: 'access_denied', description: `Client is not authorized to access "${identifier}".` }
    }
    // Whatever the API lets others do (spec/oauth.md §15).
    const strict = isStrict(client)
    const isDemanded = strict || policy === 'require_client_grant'
    if (!isDemanded && !api.is_system) return { kind: 'allowed', clientGrantScope: undefined }
    const grant = await this.queries.execute(new FindClientGrant(client.client_id, identifier, 'user'))
    if (grant || !isDemanded) return { kind: 'allowed', clientGrantScope: grant && scopeOfGrant(grant, api) }
    const error = strict ? 'unauthorized_client' : 'access_denied'
    return { kind: 'refused', why: 'no-client-grant', error, description: noClientGrant(identifier) }
  }
}

const noClientGrant = (audience: string): string =>
  `Client is not authorized to access "${audience}". You need to create a "client-grant" associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants`
