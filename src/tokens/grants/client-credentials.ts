import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { Audit } from '../../audit/audit.js'
import { type ClientDocument, type ClientGrantDocument, FindClientGrant, FindResourceServer, issuance } from '../../authorization/index.js'
import type { Context, Origin } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { FindTenantSettings } from '../../users/index.js'
import { ExchangeRefused } from '../exchange-refused.js'
import { ofVisitor } from '../refresh-token/cause.js'
import type { RequestOf, TokenSender } from '../token-request.js'
import { type TokenResponse, TokenSet } from '../token-set.js'

/** A client's token in its own name (RFC 6749 §4.4, spec/oauth.md §6.2). Errors: ExchangeRefused. */
export class ClientCredentialsGrant extends Command<TokenResponse> {
  constructor(
    readonly request: RequestOf<'client_credentials'>,
    readonly client: ClientDocument,
    readonly caller: { readonly origin: Origin; readonly context: Context },
    readonly sender: TokenSender,
  ) {
    super()
  }
}

@CommandHandler(ClientCredentialsGrant)
export class ClientCredentialsGrantHandler implements ICommandHandler<ClientCredentialsGrant> {
  constructor(
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
    if (!clientGrant) throw new ExchangeRefused('access_denied', NO_GRANT(audience), { reason: 'no-client-grant' })
    refuseOrganization(request.organization, clientGrant)
    const access = issuance({ client, api, proofs: sender.proofs })
    if (access.kind === 'refused') throw new ExchangeRefused('invalid_request', access.description, { reason: 'possession' })

    const registered = new Set(api.scopes.map(({ value }) => value))
    const scope = scopeOf(clientGrant, request.scope).filter((name) => registered.has(name))
    const id = this.tokenSet.newId()
    const tokens = await this.tokenSet.forClient(id, { client, api, scope, proof: access.kind === 'constrained' ? access.proof : undefined }, new Date())
    const origin = await ofVisitor(this.personKeys, caller.origin)
    const cause = { ...caller.context, clientId: client.client_id, audience, origin }
    await this.audit.record({ type: 'ClientTokenIssued', data: { scope: scope.join(' '), tokenId: id } }, cause)
    return tokens
  }
}

/** Nothing asked for is everything granted. */
function scopeOf({ scope: granted }: ClientGrantDocument, requested: readonly string[] | undefined): readonly string[] {
  if (!requested || requested.length === 0) return granted
  const missing = requested.filter((name) => !granted.includes(name))
  if (missing.length === 0) return requested
  throw new ExchangeRefused('access_denied', `Client has not been granted scopes: ${missing.join(', ')}`, { reason: 'scope' })
}

/** There are no organizations yet, so no token can be for one, nor be denied to those outside of it. */
function refuseOrganization(organization: string | undefined, { organization_usage }: ClientGrantDocument): void {
  if (organization !== undefined) {
    throw new ExchangeRefused('invalid_request', 'parameter organization is not allowed for this client', { reason: 'organization' })
  }
  if (organization_usage === 'require') {
    throw new ExchangeRefused('invalid_request', 'parameter organization is required for this client', { reason: 'organization' })
  }
}

const NO_GRANT = (audience: string): string =>
  `Client is not authorized to access "${audience}". You need to create a "client-grant" associated to this API. ` +
  'See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants'
