import { Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { IssuanceDecisions } from '../actions/index.js'
import {
  type ClientDocument,
  type CodeGrant,
  enforcedPermissions,
  FindResourceServer,
  mayGoOffline,
  permittedScope,
  type ResourceServerDocument,
} from '../authorization/index.js'
import { PersonKeys } from '../keys/person-keys.js'
import { FindUser, type FoundUser, isAnotherPerson } from '../users/index.js'
import { actingIn, notAMember, type TokenOrganization } from './acting-in.js'
import { ExchangeRefused } from './exchange-refused.js'
import { decidedScope } from './post-login/decided-scope.js'
import type { UserTerms } from './token-set.js'

export interface CodeRights {
  /** With the scope that is still to be had. */
  readonly grant: CodeGrant
  readonly terms: UserTerms & { readonly decided: IssuanceDecisions | undefined }
}

/** What a login's answer is worth now, to its client's code or at once in the browser. */
@Injectable()
export class CodeRightsFinder {
  constructor(
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
  ) {}

  /** Errors: ExchangeRefused. */
  async of(granted: CodeGrant, client: ClientDocument): Promise<CodeRights> {
    const [user, api] = await Promise.all([this.queries.execute(new FindUser({ userId: granted.userId })), this.#api(granted)])
    const grant = { ...granted, scope: granted.scope.filter((name) => name !== 'offline_access' || mayGoOffline(client, api)) }
    const organization = await this.#organization(grant)
    const permissions = await enforcedPermissions(this.queries, grant.userId, api, grant.organizationId)
    const decided = await this.#decided(grant)
    const permitted = permittedScope(grant.scope, permissions)
    const rights = { scope: decided ? decidedScope(permitted, decided.scopes, api).scope : permitted, permissions, organization }
    return { grant, terms: { ...toTerms(grant, client, api, await this.#living(user, grant)), ...rights, decided } }
  }

  /** What the Actions of the login decided: they do not run again (spec/actions.md §4.1). Nobody can open those of a user who was erased. */
  async #decided({ actions, userId }: CodeGrant): Promise<IssuanceDecisions | undefined> {
    if (!actions) return undefined
    const decided = await this.personKeys.open<IssuanceDecisions>(actions.decisions)
    if (!decided) throw new ExchangeRefused('invalid_grant', 'Invalid authorization code', { reason: 'user-gone', userId })
    return decided
  }

  /** The person may have gone, or been blocked, since the code was made, and another have come with the same id. */
  async #living(user: FoundUser | undefined, { userId, authorizedAt }: CodeGrant): Promise<FoundUser> {
    const isAnother = user && authorizedAt !== undefined && (await isAnotherPerson(this.queries, userId, user.created_at, new Date(authorizedAt)))
    if (!user || isAnother) throw new ExchangeRefused('invalid_grant', 'Invalid authorization code', { reason: 'user-gone', userId })
    if (user.document.blocked) throw new ExchangeRefused('unauthorized', 'user is blocked', { reason: 'user-blocked', userId })
    return user
  }

  async #api({ audience }: CodeGrant): Promise<ResourceServerDocument | undefined> {
    if (audience === null) return undefined
    const api = await this.queries.execute(new FindResourceServer(audience))
    if (!api) throw new ExchangeRefused('access_denied', `Service not found: ${audience}`, { reason: 'unknown-audience' })
    return api
  }

  /** The person may have left it since the code was made. */
  async #organization({ userId, organizationId }: CodeGrant): Promise<TokenOrganization | undefined> {
    if (organizationId === undefined) return undefined
    const acting = await actingIn(this.queries, organizationId, userId)
    if (!acting) throw new ExchangeRefused('access_denied', notAMember(userId, organizationId), { reason: 'not-a-member', userId })
    return acting.token
  }
}

function toTerms(
  { sessionId, authTime, scope, nonce }: CodeGrant,
  client: ClientDocument,
  api: ResourceServerDocument | undefined,
  { document, created_at, updated_at }: FoundUser,
): UserTerms {
  return {
    client,
    api,
    person: { profile: document, createdAt: created_at.toISOString(), updatedAt: updated_at.toISOString() },
    sessionId,
    authenticatedAt: new Date(authTime * 1000).toISOString(),
    loginScope: scope,
    scope,
    nonce,
  }
}
