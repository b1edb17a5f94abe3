import { createHash, timingSafeEqual } from 'node:crypto'
import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import type { OAuthError } from '../../http/oauth-error.js'
import { credentialIds, methodOf } from '../client/credentials.js'
import type { ClientCredential, ClientDocument, KeyCredential } from '../client/client.events.js'
import { InvalidAssertion, verifyAssertion } from '../client-authentication/assertion.js'
import { type CertificateMethod, certificateProblem } from '../client-authentication/certificate.js'
import { clientRefused } from '../client-authentication/client-refused.js'
import { type ClientRequest, issuerOf, type Presented, presentedBy, type Secret } from '../client-authentication/presented.js'
import { UsedAssertions } from '../client-authentication/used-assertions.js'
import { FindClient, type FoundClient } from '../queries/find-client.js'
import type { ClientCertificate } from '../../keys/client-certificate.js'

type Method = Presented['method'] | CertificateMethod

interface AuthenticatedClient {
  readonly client: ClientDocument
  /** `none`: the client has only named itself. */
  readonly method: Method
}

/**
 * Who calls, proved by the one method that the client is configured for (spec/oauth.md §1.3). An assertion is used up by it.
 * Errors: clientRefused's, or OAuthError invalid_request for a request that mixes methods.
 */
export class AuthenticateClient extends Command<AuthenticatedClient> {
  constructor(readonly request: ClientRequest) {
    super()
  }
}

@CommandHandler(AuthenticateClient)
export class AuthenticateClientHandler implements ICommandHandler<AuthenticateClient> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queries: QueryBus,
    private readonly usedAssertions: UsedAssertions,
  ) {}

  async execute({ request }: AuthenticateClient): Promise<AuthenticatedClient> {
    const presented = presentedBy(request)
    if (!presented) throw clientRefused(this.config.settings, { reason: 'nobody named', description: 'Missing required parameter: client_id' })
    const { client, reason, method = presented.method } = await this.#authenticate(presented, request.certificate)
    if (client) return { client, method: methodsOf(client).includes('none') ? 'none' : method }
    throw this.#refusal(presented.method, reason)
  }

  #authenticate(presented: Presented, certificate: ClientCertificate | undefined): Promise<Outcome> {
    switch (presented.method) {
      case 'none':
        return this.#byCertificate(presented.clientId, certificate)
      case 'client_secret_post':
      case 'client_secret_basic':
        return this.#bySecret(presented.readings, presented.method)
      case 'private_key_jwt':
        return this.#byAssertion(presented.assertion, presented.clientId)
    }
  }

  /** Who only names itself may have shown a certificate. */
  async #byCertificate(clientId: string, certificate: ClientCertificate | undefined): Promise<Outcome> {
    const found = await this.#find(clientId, 'none', 'tls_client_auth', 'self_signed_tls_client_auth')
    const [method] = found.client ? methodsOf(found.client) : []
    if (!found.client || (method !== 'tls_client_auth' && method !== 'self_signed_tls_client_auth')) return found
    const reason = certificateProblem(method, certificate, credentialsOf(found, method), new Date())
    return reason === undefined ? { ...found, method } : { reason }
  }

  async #bySecret(readings: readonly Secret[], method: Method): Promise<Outcome> {
    let outcome: Outcome = { reason: 'unreadable' }
    for (const { clientId, secret } of readings) {
      const found = await this.#find(clientId, method)
      // A public client's secret proves nothing, and is not looked at.
      if (found.client && (methodsOf(found.client).includes('none') || isSecret(found.secret, secret))) return found
      outcome = { reason: found.reason ?? 'wrong secret' }
    }
    return outcome
  }

  async #byAssertion(assertion: string, namedId: string | undefined): Promise<Outcome> {
    const clientId = issuerOf(assertion)
    if (clientId === undefined || (namedId !== undefined && namedId !== clientId)) return { reason: 'assertion without its client' }
    const found = await this.#find(clientId, 'private_key_jwt')
    if (!found.client) return found
    const now = new Date()
    const keys = credentialsOf(found, 'private_key_jwt').filter(
      (credential): credential is KeyCredential =>
        credential.credential_type === 'public_key' && (credential.expires_at === null || now < new Date(credential.expires_at)),
    )
    try {
      const { jti, expiresAt } = await verifyAssertion(assertion, { clientId, issuer: this.config.issuer, now }, keys)
      return (await this.usedAssertions.use(clientId, jti, expiresAt)) ? found : { reason: 'assertion used before' }
    } catch (error) {
      if (error instanceof InvalidAssertion) return { reason: `assertion: ${error.message}` }
      throw error
    }
  }

  /** A client that may authenticate by one of the methods. */
  async #find(clientId: string, ...methods: readonly Method[]): Promise<Outcome> {
    const found: FoundClient | undefined = await this.queries.execute(new FindClient({ clientId }))
    if (!found || found.document.global) return { reason: 'unknown client' }
    if (!methodsOf(found.document).some((method) => methods.includes(method))) return { reason: `method ${methods[0]} is not the client's` }
    return { client: found.document, secret: found.secret, credentials: found.credentials }
  }

  #refusal(method: Method, reason: string | undefined): OAuthError {
    // A challenge hides the body from some clients, so only who used Basic gets one (RFC 6749 §5.2).
    const headers = method === 'client_secret_basic' ? { 'WWW-Authenticate': 'Basic realm="oauth"' } : {}
    return clientRefused(this.config.settings, { reason, headers })
  }
}

type Outcome = { readonly reason?: string; readonly method?: CertificateMethod } & ({ readonly client?: undefined } | Known)

interface Known {
  readonly client: ClientDocument
  readonly secret: string | undefined
  readonly credentials: FoundClient['credentials']
}

/** Those of the client's that it uses for a method. */
function credentialsOf({ client, credentials }: Known, method: 'private_key_jwt' | CertificateMethod): readonly ClientCredential[] {
  const ids = credentialIds(client['client_authentication_methods'], method)
  return credentials.filter(({ id }) => ids.includes(id))
}

/** How the client may authenticate. A public one may send a secret all the same. */
function methodsOf({ token_endpoint_auth_method, client_authentication_methods }: ClientDocument): readonly Method[] {
  const method = methodOf(client_authentication_methods)
  // Methods without a credential let nobody in.
  if (client_authentication_methods) return method ? [method] : []
  if (token_endpoint_auth_method === 'none') return ['none', 'client_secret_post', 'client_secret_basic']
  return token_endpoint_auth_method ? [token_endpoint_auth_method] : ['client_secret_post', 'client_secret_basic']
}

const isSecret = (secret: string | undefined, presented: string): boolean => secret !== undefined && timingSafeEqual(digest(secret), digest(presented))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
