import type { ClientDocument } from '../../src/authorization/index.js'
import type { Json } from './app.js'
import { CALLBACK, claimsOf, type OAuthScene, ROTATING } from './oauth.js'

const HOME = { 'x-forwarded-for': '203.0.113.50', 'user-agent': 'Home-Browser/1' }
export const CAFE = { 'x-forwarded-for': '198.51.100.60', 'user-agent': 'Cafe-Tool/2' }

interface Login {
  readonly client: ClientDocument
  readonly userId: string
  readonly id: string
  readonly token: string
  readonly jti: string
}

/** Refresh tokens that were given and are exchanged from HOME or elsewhere, and what an operator reads of their lives. */
export function historiesOf(scene: () => OAuthScene) {
  const api = (method: string, path: string) => scene().service.api(method, path)
  async function login(refreshToken: object = {}, userId?: string): Promise<Login> {
    const client = await scene().client({ refresh_token: { ...ROTATING, ...refreshToken } })
    const person = userId ?? (await scene().user())
    const code = await scene().code(client, person)
    const { body } = await scene().token(client, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK }, HOME)
    const { refresh_tokens } = (await api('GET', `refresh-tokens?user_id=${encodeURIComponent(person)}&client_id=${client.client_id}`)).body
    return { client, userId: person, id: refresh_tokens[0].id, token: body.refresh_token, jti: claimsOf(body.access_token).jti }
  }
  const exchange = (client: ClientDocument, token: string, headers = HOME) =>
    scene().token(client, { grant_type: 'refresh_token', refresh_token: token }, headers)
  const history = (id: string, query = '') => api('GET', `refresh-tokens/${id}/history${query}`)
  const entriesOf = async (id: string): Promise<Json[]> => (await history(id)).body.history
  return { login, exchange, history, entriesOf }
}
