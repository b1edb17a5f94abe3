import { CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { AreActionsBound, type CredentialsExchangeOutcome, eventClient, RunCredentialsExchange } from '../../actions/index.js'
import { Audit } from '../../audit/audit.js'
import { FindClientGrant, FindResourceServer, issuance, isStrict, type ResourceServerDocument, scopeOfGrant } from '../../authorization/index.js'
import type { Context } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { FindTenantSettings } from '../../users/index.js'
import { type ClientOrganization, clientOrganization } from '../client-organization.js'
import { deniedByActions, ExchangeRefused } from '../exchange-refused.js'
import { ofVisitor } from '../refresh-token/cause.js'
import { tokenRequest } from '../post-login/exchange-event.js'
import { TokenGrant } from '../token-grant.js'
import type { RequestOf } from '../token-request.js'
import { type TokenResponse, TokenSet } from '../token-set.js'

/** A client's token in its own name (RFC 6749 §4.4, spec/oauth.md §6.2). Errors: ExchangeRefused. */
export class ClientCredentialsGrant extends TokenGrant<RequestOf<'client_credentials'>> {}

@CommandHandler(ClientCredentialsGrant)
export class ClientCredentialsGrantHandler implements ICommandHandler<ClientCredentialsGrant> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly tokenSet: TokenSet,
    private readonly audit: Audit,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ request, client, caller, sender }: ClientCredentialsGrant): Promise<TokenResponse> {
    const audience = request.audience ?? (await this.queries.execute(new FindTenantSettings())).default_audience
    if (audience === undefined || audience === '') {
      throw new ExchangeRefused('access_denied', 'Non-global clients are not allowed access to APIv1', { reason: 'no-audience' })
    }
    const [api, clientGrant] = await Promise.all([
      this.queries.execute(new FindResourceServer(audience)),
      this.queries.execute(new FindClientGrant(client.client_id, audience)),
    ])
    if (!api) throw new ExchangeRefused('access_denied', `Service not found: ${audience}`, { reason: 'unknown-audience' })
    if (isDenied(api)) throw new ExchangeRefused('access_denied', `Client is not authorized to access "${audience}".`, { reason: 'denied' })
    if (!clientGrant) throw new ExchangeRefused(isStrict(client) ? 'unauthorized_client' : 'access_denied', NO_GRANT(audience), { reason: 'no-client-grant' })
    const organization = await clientOrganization(this.queries, request.organization, client, clientGrant)
    const access = issuance({ client, api, proofs: sender.proofs })
    if (access.kind === 'refused') throw new ExchangeRefused('invalid_request', access.description, { reason: 'possession' })

    const registered = new Set(api.scopes.map(({ value }) => value))
    const allowed = scopeOfGrant(clientGrant, api)
    const granted = allowed.filter((name) => registered.has(name))
    const wanted = scopeOf(allowed, request.scope).filter((name) => registered.has(name))
    const origin = await ofVisitor(this.personKeys, caller.origin)
    const cause = { ...caller.context, clientId: client.client_id, audience, origin, ...(organization && { organizationId: organization.token.id }) }
    const decided = await this.#decided({ request, client, caller }, api, wanted, organization, cause)
    // An Action may give more than was asked for, and never more than the client was granted.
    const scope = decided?.scope ? granted.filter((name) => decided.scope!.includes(name)) : wanted
    const id = this.tokenSet.newId()
    const proof = access.kind === 'constrained' ? access.proof : undefined
    const terms = { client, api, scope, organization: organization?.token, proof, custom: decided?.claims }
    const tokens = await this.tokenSet.forClient(id, terms, new Date())
    const facts = { ...cause, ...(decided && { actions: decided.execution }) }
    await this.audit.record({ type: 'ClientTokenIssued', data: { scope: scope.join(' '), tokenId: id } }, facts)
    return tokens
  }

  /** The credentials-exchange Actions (spec/actions.md §5); undefined where none is bound. */
  async #decided(
    { request: { scope: requested = [] }, client, caller }: Pick<ClientCredentialsGrant, 'request' | 'client' | 'caller'>,
    api: ResourceServerDocument,
    scope: readonly string[],
    organization: ClientOrganization | undefined,
    cause: Context,
  ): Promise<Extract<CredentialsExchangeOutcome, { kind: 'allowed' }> | undefined> {
    if (!(await this.queries.execute(new AreActionsBound('credentials-exchange')))) return undefined
    const correlationId = caller.sent.parameters['correlation_id']
    const event = {
      accessToken: { scope, customClaims: {} },
      client: eventClient(client),
      request: tokenRequest(caller),
      resource_server: { identifier: api.identifier },
      transaction: { requested_scopes: requested, target_scopes: scope, ...(correlationId !== undefined && { correlation_id: correlationId }) },
      ...(organization && { organization: organization.event }),
    }
    const outcome = await this.commands.execute(new RunCredentialsExchange(event, cause))
    if (outcome.kind === 'allowed') return outcome
    throw deniedByActions(outcome)
  }
}

/** Whether an API gives nothing to clients in their own names, whatever they were granted. */
function isDenied(api: ResourceServerDocument): boolean {
  const access = api['subject_type_authorization'] as { client?: { policy?: unknown } } | null | undefined
  return access?.client?.policy === 'deny_all'
}

/** Without a person there is nothing to keep up: left out in silence, as there is no refresh token (spec/refresh-tokens.md §3, §8). */
const KEEPING_UP: readonly string[] = ['offline_access', 'online_access']

/** Nothing asked for is everything granted. */
function scopeOf(granted: readonly string[], requested: readonly string[] | undefined): readonly string[] {
  if (!requested || requested.length === 0) return granted
  const wanted = requested.filter((name) => !KEEPING_UP.includes(name))
  const missing = wanted.filter((name) => !granted.includes(name))
  if (missing.length === 0) return wanted
  throw new ExchangeRefused('access_denied', `Client has not been granted scopes: ${missing.join(', ')}`, { reason: 'scope' })
}

const NO_GRANT = (audience: string): string =>
  `Client is not authorized to access "${audience}". You need to create a "client-grant" associated to this API. ` +
  'See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants'
