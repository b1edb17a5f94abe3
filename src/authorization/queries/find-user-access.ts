import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs'
import { scopeOfGrant } from '../granted-scope.js'
import type { ResourceServerDocument } from '../resource-server/resource-server.events.js'
import { FindClientGrant } from './find-client-grant.js'

export type UserAccess =
  /** `clientGrantScope`: what the client's grant for users allows at the API; undefined where none applies. */
  | { readonly kind: 'allowed'; readonly clientGrantScope: readonly string[] | undefined }
  | { readonly kind: 'refused'; readonly why: 'denied' | 'no-client-grant'; readonly description: string }

/** Whether a client may have tokens of its users for an API, as its settings were less than a second ago (spec/oauth.md §1.2). */
export class FindUserAccess extends Query<UserAccess> {
  constructor(
    readonly clientId: string,
    readonly api: ResourceServerDocument,
  ) {
    super()
  }
}

@QueryHandler(FindUserAccess)
export class FindUserAccessHandler implements IQueryHandler<FindUserAccess> {
  constructor(private readonly queries: QueryBus) {}

  async execute({ clientId, api }: FindUserAccess): Promise<UserAccess> {
    const policy = (api['subject_type_authorization'] as { user?: { policy?: unknown } } | null | undefined)?.user?.policy
    const { identifier } = api
    if (policy === 'deny_all') return { kind: 'refused', why: 'denied', description: `Client is not authorized to access "${identifier}".` }
    if (policy !== 'require_client_grant' && !api.is_system) return { kind: 'allowed', clientGrantScope: undefined }
    const grant = await this.queries.execute(new FindClientGrant(clientId, identifier, 'user'))
    if (policy === 'require_client_grant' && !grant) return { kind: 'refused', why: 'no-client-grant', description: noClientGrant(identifier) }
    return { kind: 'allowed', clientGrantScope: grant && scopeOfGrant(grant, api) }
  }
}

const noClientGrant = (audience: string): string =>
  `Client is not authorized to access "${audience}". You need to create a "client-grant" associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants`
