import type { Caller } from './caller.js'
import type { Credentials } from './management-credentials.js'
import { type Narrator, told } from './narrator.js'

/** Where the app's logins come back to. Nothing has to listen there: the tour reads the address and goes on. */
export const CALLBACK = 'https://notes.example.com/callback'

/** What the operator has made for this run. */
export interface Scene {
  readonly run: string
  readonly authorization: Readonly<Record<string, string>>
  readonly audience: string
  readonly resourceServerId: string
  readonly clientId: string
  readonly userId: string
  readonly email: string
  readonly password: string
}

export async function setUp(narrator: Narrator, caller: Caller, { id, secret }: Credentials, run: string): Promise<Scene> {
  narrator.chapter('The operator sets up an app')
  narrator.step('A token for the Management API, by client credentials.')
  const credentials = { grant_type: 'client_credentials', client_id: id, client_secret: secret, audience: `${caller.issuer}api/v2/` }
  const token = await caller.call<{ access_token: string }>({
    method: 'POST',
    path: 'oauth/token',
    body: { type: 'json', members: credentials },
    expected: 200,
    show: ['token_type', 'expires_in', 'access_token'],
  })
  const authorization = { authorization: `Bearer ${token.json.access_token}` }
  const create = async <T>(path: string, members: object, show: readonly string[]): Promise<T> =>
    (await caller.call<T>({ method: 'POST', path: `api/v2/${path}`, headers: authorization, body: { type: 'json', members }, expected: 201, show })).json

  narrator.step('An API that apps may keep access to while nobody is there: it allows refresh tokens.')
  const audience = `https://notes.example.com/api-${run}`
  const api = { name: `Notes API ${run}`, identifier: audience, scopes: [{ value: 'read:notes' }], allow_offline_access: true }
  const { id: resourceServerId } = await create<{ id: string }>('resource-servers', { ...api, skip_consent_for_verifiable_first_party_clients: true }, [
    'id',
    'identifier',
  ])

  narrator.step('An app whose refresh tokens rotate; a lost answer may be asked for again within 30 seconds.')
  const { client_id: clientId } = await create<{ client_id: string }>(
    'clients',
    {
      name: `Notes ${run}`,
      app_type: 'spa',
      token_endpoint_auth_method: 'none',
      oidc_conformant: true,
      callbacks: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 30, token_lifetime: 2_592_000, idle_token_lifetime: 1_296_000 },
    },
    ['client_id', 'name'],
  )

  narrator.step('Somebody to log in.')
  const email = `ann-${run}@example.com`
  const password = `Correct-Horse-${run}`
  const user = { connection: 'Username-Password-Authentication', email, password, email_verified: true, name: 'Ann' }
  const { user_id: userId } = await create<{ user_id: string }>('users', user, ['user_id', 'email', 'created_at'])
  told(typeof clientId === 'string' && typeof userId === 'string', 'the app and the user have ids')
  return { run, authorization, audience, resourceServerId, clientId, userId, email, password }
}

export async function clearUp(narrator: Narrator, caller: Caller, scene: Scene): Promise<void> {
  narrator.chapter('Ann wants to be forgotten')
  const remove = (path: string) => caller.call({ method: 'DELETE', path: `api/v2/${path}`, headers: scene.authorization, expected: 204 })
  narrator.step('Her account goes, and with it the key that her name and addresses are encrypted under, everywhere.')
  await remove(`users/${encodeURIComponent(scene.userId)}`)
  narrator.step('The log still says what happened, but no longer to whom.')
  const { json } = await caller.call<{ user_name: string; ip: string }[]>({
    method: 'GET',
    path: `api/v2/logs?q=${encodeURIComponent(`user_id:"${scene.userId}" AND type:sertft`)}&fields=type,user_name,ip&per_page=3`,
    headers: scene.authorization,
    expected: 200,
  })
  told(json.length > 0, 'her exchanges are still there')
  for (const row of json) told(row.user_name === '' && row.ip === '', 'neither her name nor her address can be read any more')
  narrator.step('The app and its API go too, so that the tour can be taken again.')
  await remove(`clients/${scene.clientId}`)
  await remove(`resource-servers/${scene.resourceServerId}`)
}
