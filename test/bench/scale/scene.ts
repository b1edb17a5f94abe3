import type { Scene } from './plan.js'

export interface Credentials {
  readonly id: string
  readonly secret: string
}

/** What the seeder needs, and what its tokens are exchanged with. */
export interface ScaleScene extends Scene {
  readonly clientSecret: string
}

const SCOPE = ['openid', 'profile', 'email', 'offline_access', 'read:orders']
const AUDIENCE = 'https://orders.example.com/'
const DAY = 86_400

/** A token for the Management API of the service that answers at `url`. */
export async function managementToken(url: string, { id, secret }: Credentials, issuer = url): Promise<string> {
  const body = { grant_type: 'client_credentials', client_id: id, client_secret: secret, audience: `${issuer}api/v2/` }
  return (await call<{ access_token: string }>('POST', `${url}oauth/token`, body)).access_token
}

/** Makes an API and a client whose tokens rotate, by the Management API, as an operator would. */
export async function setUpScene(url: string, token: string, leewaySeconds = 30): Promise<ScaleScene> {
  const api = <T>(method: string, path: string, body?: object): Promise<T> => call<T>(method, `${url}api/v2/${path}`, body, token)
  const [connection] = await api<Scene['connection'][]>('GET', 'connections?name=Username-Password-Authentication')
  await api('POST', 'resource-servers', { name: 'Orders', identifier: AUDIENCE, scopes: [{ value: 'read:orders' }], allow_offline_access: true })
  const lifetimes = { token_lifetime: 30 * DAY, idle_token_lifetime: 15 * DAY, leeway: leewaySeconds }
  const client = await api<{ client_id: string; client_secret: string }>('POST', 'clients', {
    name: 'Scale',
    app_type: 'regular_web',
    oidc_conformant: true,
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code', 'refresh_token'],
    refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', ...lifetimes },
  })
  const { id, name, strategy } = connection!
  return {
    connection: { id, name, strategy },
    clientId: client.client_id,
    clientSecret: client.client_secret,
    audience: AUDIENCE,
    scope: SCOPE,
    policy: { absoluteSeconds: 30 * DAY, idleSeconds: 15 * DAY, leewaySeconds },
  }
}

async function call<T>(method: string, address: string, body?: object, token?: string): Promise<T> {
  const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  const res = await fetch(address, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  const text = await res.text()
  if (!res.ok) throw new Error(`${method} ${address} answered ${res.status}: ${text}`)
  return JSON.parse(text) as T
}
