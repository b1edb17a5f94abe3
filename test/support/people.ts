import { randomUUID } from 'node:crypto'
import { type ClientDocument, CLIENT_DEFAULTS, CreateClient, CreateResourceServer, RESOURCE_SERVER_DEFAULTS } from '../../src/authorization/index.js'
import { type Attributes, CreateUser, FindConnection } from '../../src/users/index.js'
import type { TestApp } from './app.js'

export const DIRECTORY = 'Username-Password-Authentication'
export const CALLBACK = 'https://app.example/callback'
export const PASSWORD = 'Correct-Horse-1'

/** A client that people can log in to; first-party, public and with rotating refresh tokens unless said otherwise. */
export async function aClient({ commands }: TestApp, members: Partial<ClientDocument> = {}, secret = 'a-client-secret-0123456789'): Promise<ClientDocument> {
  const client: ClientDocument = {
    ...CLIENT_DEFAULTS,
    client_id: `client-${randomUUID()}`,
    name: 'Garden Planner',
    oidc_conformant: true,
    token_endpoint_auth_method: 'none',
    callbacks: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    ...members,
  }
  if ((await commands.execute(new CreateClient(client, secret, {}))) !== 'created') throw new Error('the client exists')
  return client
}

export async function anApi({ commands }: TestApp, members: object = {}): Promise<string> {
  const identifier = `https://api-${randomUUID()}.example/`
  const api = {
    ...RESOURCE_SERVER_DEFAULTS,
    id: randomUUID().replaceAll('-', '').slice(0, 24),
    identifier,
    name: 'Plants',
    allow_offline_access: true,
    scopes: [{ value: 'read:plants', description: 'Read your plants' }, { value: 'water:plants' }],
    ...members,
  }
  if ((await commands.execute(new CreateResourceServer(api, {}))) !== 'created') throw new Error('the API exists')
  return identifier
}

/** Somebody with PASSWORD in the default directory. */
export async function aPerson(
  { commands, queries }: TestApp,
  members: { userId?: string; email?: string; attributes?: Attributes } = {},
): Promise<{ userId: string; email: string }> {
  const connection = await queries.execute(new FindConnection(DIRECTORY))
  const person = { userId: `auth0|${randomUUID()}`, email: `${randomUUID()}@example.com`, ...members }
  const created = await commands.execute(new CreateUser({ ...person, connection: connection!, emailVerified: true, password: PASSWORD }, {}))
  if (created !== 'created') throw new Error('the person exists')
  return person
}

/** `/authorize` with what every request needs. */
export const authorizeUrl = ({ client_id }: ClientDocument, parameters: Record<string, string> = {}): string =>
  `/authorize?${new URLSearchParams({ response_type: 'code', client_id, redirect_uri: CALLBACK, scope: 'openid profile email', state: 'some state', ...parameters }).toString()}`
