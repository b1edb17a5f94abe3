import { Inject, Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../config.js'
import type { Parameters } from '../http/body.js'
import {
  type ConnectionDocument,
  FindLoginConnections,
  FindTenantSettings,
  type LoginOrganization,
  type PresentedInvitation,
  type TenantSettings,
} from '../users/index.js'
import { askedAudience } from './asked-audience.js'
import { askedOrganization } from './asked-organization.js'
import type { CodeTerms } from './authorization-code/authorization-code.js'
import { type AnswerTarget, type AuthorizationErrorCode, AuthorizationRefused, RequestRefused, type ResponseMode } from './authorization-response.js'
import type { RawRequest } from './authorize-parameters.js'
import * as check from './authorize-checks.js'
import type { ClientDocument } from './client/client.events.js'
import { protectsRedirects } from './client/strict.js'
import { FindClient } from './queries/find-client.js'
import { FindResourceServer } from './queries/find-resource-server.js'
import { FindUserAccess } from './queries/find-user-access.js'
import { firstScreen, presentedInvitation } from './presented-invitation.js'
import { dependsOnOrganization, inOrganization, isRegistered } from './redirect-uri.js'
import { settingsIn } from './sign-up-open.js'
import type { ResourceServerDocument } from './resource-server/resource-server.events.js'
import type { ResponseTypes } from './response-types.js'

/** An authorization request that may be answered, once a person is known. */
export interface AuthorizeRequest {
  readonly parameters: Parameters
  /** When the login began with it, in milliseconds since 1970: all its pages together have an hour. */
  readonly startedAt: number
  readonly client: ClientDocument
  readonly tenant: TenantSettings
  readonly target: AnswerTarget
  readonly redirectUriSent: boolean
  readonly responseTypes: ResponseTypes
  readonly scope: readonly string[]
  readonly api: ResourceServerDocument | undefined
  /** What the client's grant for users allows at the API, where one applies. */
  readonly clientGrantScope: readonly string[] | undefined
  readonly nonce: string | undefined
  readonly challenge: CodeTerms['challenge']
  readonly dpopJkt: string | undefined
  readonly prompt: ReadonlySet<check.Prompt>
  readonly maxAgeSeconds: number | undefined
  readonly idTokenHint: string | undefined
  readonly loginHint: string | undefined
  readonly screen: 'login' | 'signup'
  /** In whose name the person logs in. */
  readonly organization: LoginOrganization | undefined
  /** Set while the person still has to choose an organization. */
  readonly organizationPrompt: check.OrganizationPrompt | undefined
  /** The person chose to go on without one. */
  readonly organizationDeclined: boolean
  /** The invitation to `organization`. Whoever is logging in, or somebody else, may have used it since the login began. */
  readonly invitation: PresentedInvitation | undefined
  /** The connections that a session may have come through. */
  readonly connections: readonly [ConnectionDocument, ...ConnectionDocument[]]
  /** The connection to log in through. */
  readonly connection: ConnectionDocument
}

interface EarlierStep {
  /** When the login began. */
  readonly startedAt?: number
  readonly organizationDeclined?: boolean
}

/** Reads and checks authorization requests, in the order of spec/oauth.md §4.3. */
@Injectable()
export class AuthorizeRequests {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queries: QueryBus,
  ) {}

  /** `earlier`: what is known where this is a later step of a login. Errors: RequestRefused while it is not known where an answer may go; then AuthorizationRefused. */
  async read({ parameters, repeated }: RawRequest, earlier: EarlierStep = {}): Promise<AuthorizeRequest> {
    if (repeated.includes('client_id') || repeated.includes('redirect_uri')) {
      throw new RequestRefused('invalid_request', `Parameter repeated: ${repeated[0]}`, parameters)
    }
    const client = await this.#client(parameters)
    check.pushedRequest(parameters)
    const tenant = await this.queries.execute(new FindTenantSettings())
    const redirectUri = redirectUriOf(parameters, client, await this.#organizationName(parameters, client, tenant))
    const target: AnswerTarget = {
      clientId: client.client_id,
      redirectUri,
      responseMode: check.errorMode(parameters, client, redirectUri, this.config.settings),
      state: parameters['state'],
      iss: tenant['authorization_response_iss_parameter_supported'] === true ? this.config.issuer : undefined,
      errorsOnPage: protectsRedirects(client),
      asked: parameters,
    }
    const refuse: check.Refuse = (code, description) => {
      throw new AuthorizationRefused(target, code, description, parameters['prompt'] === 'none')
    }
    if (repeated.length > 0) refuse('invalid_request', `Parameter repeated: ${repeated[0]}`)
    return this.#validated({ parameters, client, tenant, refuse }, target, earlier)
  }

  /** Only for a client whose callbacks need it: whether it may be asked for at all is found out later. */
  async #organizationName(parameters: Parameters, client: ClientDocument, tenant: TenantSettings): Promise<string | undefined> {
    const asked = parameters['organization']
    if (asked === undefined || !dependsOnOrganization(client)) return undefined
    const found = await askedOrganization(this.queries, asked, tenant)
    return found.kind === 'found' ? found.organization.document.name : undefined
  }

  async #client(parameters: Parameters): Promise<ClientDocument> {
    const clientId = parameters['client_id']
    if (clientId === undefined) throw new RequestRefused('invalid_request', 'Missing required parameter: client_id', parameters)
    // Whatever an id may be; the database takes no NUL.
    const found = /^[\x20-\x7e]{1,255}$/.test(clientId) ? await this.queries.execute(new FindClient({ clientId })) : undefined
    if (!found || found.document.global) throw new RequestRefused('invalid_request', 'Unknown client', parameters)
    return found.document
  }

  async #validated(asked: check.Asked, target: AnswerTarget, { startedAt, organizationDeclined = false }: EarlierStep): Promise<AuthorizeRequest> {
    const { parameters, client, tenant, refuse } = asked
    check.plainText(asked)
    check.strictParameters(asked)
    check.requestObjects(asked)
    const responseTypes = check.responseTypes(asked)
    const responseMode: ResponseMode = check.responseMode(asked, responseTypes)
    const scope = check.scope(asked, responseTypes)
    const prompt = check.prompt(asked)
    const maxAgeSeconds = check.maxAge(asked)
    const challenge = check.challenge(asked, responseTypes, this.config.settings)
    const dpopJkt = check.dpopJkt(asked)
    const organization = await this.#organization(asked)
    const presented = { ticket: parameters['invitation'], organization, client, goesOn: startedAt !== undefined }
    const invitation = await presentedInvitation(this.queries, presented, refuse)
    check.acrValues(asked)
    const { api, clientGrantScope } = await this.#api(asked)
    check.possession(asked, responseTypes, api)
    const connections = await this.#connections(asked, organization, invitation)
    const named = parameters['connection']
    const connection = named === undefined ? connections[0] : connections.find(({ name }) => name === named)
    if (!connection) return refuse('invalid_request', 'the connection is not enabled')
    check.oneKindOfAccess(asked, scope)
    return {
      parameters,
      startedAt: startedAt ?? Date.now(),
      client,
      tenant,
      target: { ...target, responseMode, ...(organization && { organizationId: organization.document.id }) },
      redirectUriSent: parameters['redirect_uri'] !== undefined,
      responseTypes,
      scope,
      api,
      clientGrantScope,
      nonce: parameters['nonce'],
      challenge,
      dpopJkt,
      prompt,
      maxAgeSeconds,
      idTokenHint: parameters['id_token_hint'],
      loginHint: invitation?.email ?? parameters['login_hint'],
      screen: await firstScreen(this.queries, { hint: parameters['screen_hint'], client, connection, organization, invitation }),
      organization,
      organizationPrompt: organizationDeclined ? undefined : check.organizationPrompt(asked),
      organizationDeclined,
      invitation,
      connections,
      connection,
    }
  }

  async #api({ parameters, client, tenant, refuse }: check.Asked): Promise<Pick<AuthorizeRequest, 'api' | 'clientGrantScope'>> {
    const resource = tenant['resource_parameter_profile'] === 'compatibility' ? parameters['resource'] : undefined
    const audience = askedAudience(parameters['audience'] ?? resource, tenant, this.config.issuer)
    if (audience === undefined) return { api: undefined, clientGrantScope: undefined }
    const api = await this.queries.execute(new FindResourceServer(audience))
    // Mirrors the token endpoint.
    if (!api) return refuse('access_denied', `Service not found: ${audience}`)
    const access = await this.queries.execute(new FindUserAccess(client, api))
    return access.kind === 'allowed' ? { api, clientGrantScope: access.clientGrantScope } : refuse(access.error, access.description)
  }

  async #organization(asked: check.Asked): Promise<LoginOrganization | undefined> {
    const named = check.organization(asked)
    if (named === undefined) return undefined
    const found = await askedOrganization(this.queries, named, asked.tenant)
    return found.kind === 'found' ? found.organization : asked.refuse('invalid_request', found.text)
  }

  /** With an organization those of both: its own, as far as the client may use them; or the one that an invitation names. */
  async #connections(
    { client, tenant, refuse }: check.Asked,
    organization: LoginOrganization | undefined,
    invitation: PresentedInvitation | undefined,
  ): Promise<[ConnectionDocument, ...ConnectionDocument[]]> {
    const query = new FindLoginConnections({ clientId: client.client_id, firstParty: client.is_first_party }, tenant.default_directory)
    const all = await this.queries.execute(query)
    const [first, ...others] = organization ? all.filter(({ id }) => settingsIn(organization, id) && id === (invitation?.connectionId ?? id)) : all
    if (first) return [first, ...others]
    return refuse('unauthorized_client' satisfies AuthorizationErrorCode, `no connections enabled for the ${all.length > 0 ? 'organization' : 'client'}`)
  }
}

const CALLBACK_MISMATCH = 'Callback URL mismatch. The redirect_uri is not in the list of allowed callback URLs of this application.'

/** Where the answer goes. Whatever is wrong here is shown on a page: nobody is sent to an address that was not registered. */
function redirectUriOf(parameters: Parameters, client: ClientDocument, organizationName: string | undefined): string {
  const [first] = client.callbacks ?? []
  const redirectUri = parameters['redirect_uri'] ?? (first === undefined ? undefined : inOrganization(first, organizationName))
  if (redirectUri !== undefined && isRegistered(redirectUri, client, organizationName)) return redirectUri
  throw new RequestRefused('unauthorized_client', CALLBACK_MISMATCH, parameters, client.callbacks ?? [])
}
