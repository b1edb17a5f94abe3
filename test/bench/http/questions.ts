import { floorTokens } from './floor.js'
import { type Instance, MANAGEMENT } from './instance.js'
import { formQuestion, type Question, VALUE } from './question.js'
import { AUDIENCE, CALLBACK, type HttpSeed, SECRET } from './seed.js'
import { environmentOf } from '../service.js'

const credentials = (clientId: string): Record<string, string> => ({ client_id: clientId, client_secret: SECRET })

const refresh = (clientId: string, tokens: readonly string[], use: Question['use']): Question =>
  formQuestion('/oauth/token', { grant_type: 'refresh_token', ...credentials(clientId), refresh_token: VALUE }, tokens, use)

/** The same request to the raw server, which looks at nothing but the token. */
export const floorExchange = ({ rotating }: HttpSeed): Question => refresh(rotating.clientId, floorTokens(), 'follow')

export const exchange =
  (kind: 'rotating' | 'fixed') =>
  (seed: HttpSeed): Question =>
    refresh(seed[kind].clientId, seed[kind].tokens, kind === 'rotating' ? 'follow' : 'again')

export const revoke = ({ spare }: HttpSeed): Question => formQuestion('/oauth/revoke', { ...credentials(spare.clientId), token: VALUE }, spare.tokens, 'once')

export const introspect = ({ rotating }: HttpSeed): Question =>
  formQuestion('/oauth/introspect', { ...credentials(rotating.clientId), token: VALUE }, rotating.tokens, 'again')

export const clientCredentials = ({ rotating }: HttpSeed): Question =>
  // The value is of no use to this one: it only says how many callers there are.
  formQuestion('/oauth/token', { grant_type: 'client_credentials', ...credentials(rotating.clientId), audience: AUDIENCE }, rotating.tokens, 'again')

export const onlineExchange = ({ sessions: { clientId, tokens } }: HttpSeed): Question => refresh(clientId, tokens, 'again')

/** `prompt=none` with a session's cookie. A refusal would be a redirect too, so the first answer is looked at. */
export async function silentAuthentication({ sessions: { clientId, cookies } }: HttpSeed, { port }: Instance): Promise<Question> {
  const parameters = { response_type: 'code', client_id: clientId, redirect_uri: CALLBACK, scope: 'openid profile email', prompt: 'none', state: 'bench' }
  const path = `/authorize?${new URLSearchParams(parameters).toString()}`
  const res = await fetch(`http://localhost:${port}${path}`, { headers: { Cookie: cookies[0]! }, redirect: 'manual' })
  const location = res.headers.get('location')
  if (location === null || !new URL(location).searchParams.has('code')) throw new Error(`no code: ${res.status} ${location}`)
  return { method: 'GET', path, headers: { Cookie: VALUE }, values: cookies, use: 'again', status: 302 }
}

export async function list({ people }: HttpSeed, { port }: Instance): Promise<Question> {
  const headers = { Authorization: `Bearer ${await managementToken(port)}` }
  return { method: 'GET', path: `/api/v2/users/${VALUE}/refresh-tokens`, headers, values: people.map(encodeURIComponent), use: 'again' }
}

async function managementToken(port: number): Promise<string> {
  const audience = `${environmentOf('', 'http')['ISSUER_URL']}api/v2/`
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: MANAGEMENT.id, client_secret: MANAGEMENT.secret, audience })
  const res = await fetch(`http://localhost:${port}/oauth/token`, { method: 'POST', body })
  const { access_token } = (await res.json()) as { access_token?: string }
  if (access_token === undefined) throw new Error(`no token for the Management API: ${res.status}`)
  return access_token
}
