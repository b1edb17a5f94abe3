import { Inject, Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import {
  type ClientDocument,
  enforcedPermissions,
  FindResourceServer,
  FindUserAccess,
  grantedScope,
  permittedScope,
  type ResourceServerDocument,
} from '../authorization/index.js'
import { CONFIG, type Config } from '../config.js'
import { isAnotherPerson } from '../users/index.js'
import { actingIn, type ActingIn, notAMember } from './acting-in.js'
import type { AccessRefused } from './commands/redeem-refresh-token.js'
import { entitledScope, exchangeScope, policyScope } from './exchange-scope.js'
import type { ActiveFamily } from './refresh-token/family.js'
import type { FamilyUser } from './refresh-token/family-with-user.js'
import { type ResourcePolicy, resourcePolicies } from './refresh-token/policy.js'

/** What of a person an exchange needs. */
export type User = Pick<NonNullable<FamilyUser['user']>, 'profile' | 'administrator' | 'createdAt' | 'updatedAt' | 'passwordChangedAt' | 'login'>

/** What a refresh token goes back to, offline or online. */
export type Login = Pick<ActiveFamily, 'scope' | 'audience' | 'userId' | 'organizationId' | 'startedAt'>

/** What an exchange gives access to. */
export interface ExchangeRights {
  /** Undefined: /userinfo only. */
  readonly api: ResourceServerDocument | undefined
  readonly scope: readonly string[]
  /** Present where a policy of the client opened the API, or added to what the login brought. */
  readonly policyUsed?: 'mrrt'
  readonly person: User
  /** In whose name the user acts, where they do. */
  readonly organization: ActingIn | undefined
  /** What the user may do at an API that enforces it. */
  readonly permissions: readonly string[] | undefined
}

/** What the request asks for; what is undefined is as at the login. */
interface AskedAccess {
  readonly audience: string | undefined
  readonly scope: readonly string[] | undefined
}

/** Decides what a refresh token is exchanged for: checks 9 to 12 of spec/refresh-tokens.md §6.1, with the tables of §6.3. */
@Injectable()
export class ExchangeRightsFinder {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queries: QueryBus,
  ) {}

  async find(family: Login, user: User | null, client: ClientDocument, asked: AskedAccess): Promise<ExchangeRights | AccessRefused> {
    if (!user || (await isAnotherPerson(this.queries, family.userId, new Date(user.createdAt), new Date(family.startedAt)))) return USER_GONE
    if (user.profile.blocked) return USER_BLOCKED
    const { organizationId } = family
    const organization = organizationId === undefined ? undefined : await actingIn(this.queries, organizationId, family.userId)
    if (organizationId !== undefined && !organization) {
      return { refused: 'not-a-member', error: 'access_denied', description: notAMember(family.userId, organizationId) }
    }
    const policies = resourcePolicies(client)
    const target = await this.#target(family, client, asked.audience, policies)
    if ('refused' in target) return target
    const { api, policy } = target
    const access = api ? await this.queries.execute(new FindUserAccess(client, api)) : undefined
    const used = policy && { policyUsed: 'mrrt' as const }
    if (access?.kind === 'refused') return { refused: 'no-client-grant', error: access.error, description: access.description, ...used }
    const atLogin = (api?.identifier ?? null) === family.audience
    const entitled = policies ? entitledScope(family.scope, policy?.scope ?? [], atLogin) : family.scope
    const { administrator } = user
    const allowed = grantedScope({ requested: entitled, client, api, clientGrantScope: access?.clientGrantScope, administrator })
    const permissions = await enforcedPermissions(this.queries, family.userId, api, organizationId)
    const rights = (scope: readonly string[]) => ({ api, scope: permittedScope(scope, permissions), person: user, organization, permissions })
    if (policies) return { ...rights(policyScope(entitled, allowed, asked.scope)), ...used }
    const given = exchangeScope(family.scope, allowed, asked.scope)
    if ('scope' in given) return rights(given.scope)
    return { refused: 'scope', error: 'invalid_scope', description: `Scopes were not granted: ${given.notGranted.join(', ')}` }
  }

  /** The API that the token will be for, and the client's policy for it. */
  async #target(
    family: Login,
    client: ClientDocument,
    asked: string | undefined,
    policies: readonly ResourcePolicy[] | undefined,
  ): Promise<(Pick<ExchangeRights, 'api'> & { readonly policy: ResourcePolicy | undefined }) | AccessRefused> {
    const audience = asked ?? family.audience
    const isOriginal = family.audience === null && audience === `${this.config.issuer}userinfo`
    if (audience === null || isOriginal) return { api: undefined, policy: undefined }
    const api = await this.queries.execute(new FindResourceServer(audience))
    if (!api && SESSION_TRANSFER.test(audience)) return NO_SESSION_TRANSFER
    if (!api) return { refused: 'unknown-audience', error: 'access_denied', description: `Service not found: ${audience}` }
    const policy = takesPolicies(api) ? policies?.find((one) => one.audience === audience) : undefined
    if (policy || audience === family.audience) return { api, policy }
    const description = `Client "${client.client_id}" is not authorized to access resource server "${audience}".`
    return { refused: 'other-audience', error: 'access_denied', description }
  }
}

const USER_GONE: AccessRefused = {
  refused: 'user-gone',
  error: 'invalid_grant',
  description: "The refresh_token was generated for a user who doesn't exist anymore.",
}
const USER_BLOCKED: AccessRefused = { refused: 'user-blocked', error: 'invalid_grant', description: 'user is blocked' }

/** §6.4: `urn:DOMAIN:session_transfer`. There are no transfers of sessions, so every client is one that may make none, whatever its settings say. */
const SESSION_TRANSFER = /^urn:.+:session_transfer$/
const NO_SESSION_TRANSFER: AccessRefused = {
  refused: 'other-audience',
  error: 'unauthorized_client',
  description: 'This client is not authorized to create session transfer tokens.',
}

/** §6.3: nobody was asked about an API that only a policy names, so it must be one that needs no consent, and never the Management API. */
const takesPolicies = (api: ResourceServerDocument): boolean => !api.is_system && api['skip_consent_for_verifiable_first_party_clients'] === true
