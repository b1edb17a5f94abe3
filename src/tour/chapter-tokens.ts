import type { Caller } from './caller.js'
import { type Login, logInSilently } from './chapter-login.js'
import type { Scene } from './chapter-set-up.js'
import { type Narrator, told } from './narrator.js'

export async function useTokens(narrator: Narrator, caller: Caller, scene: Scene, { browser, refreshToken: first }: Login): Promise<void> {
  const present = (token: string, expected: number) => {
    const members = { grant_type: 'refresh_token', client_id: scene.clientId, refresh_token: token }
    const show = expected === 200 ? ['token_type', 'expires_in', 'access_token', 'refresh_token'] : ['error', 'error_description']
    return caller.call<{ refresh_token: string; error: string }>({ method: 'POST', path: 'oauth/token', body: { type: 'form', members }, expected, show })
  }
  const api = <T>(method: string, path: string, show: readonly string[], body?: object) =>
    caller.call<T>({
      method,
      path: `api/v2/${path}`,
      headers: scene.authorization,
      expected: 200,
      show,
      ...(body && { body: { type: 'json' as const, members: body } }),
    })
  const list = async () => (await api<{ tokens: { id: string }[] }>('GET', `users/${encodeURIComponent(scene.userId)}/refresh-tokens`, ['tokens'])).json.tokens

  narrator.chapter('The app stays logged in')
  narrator.step('When the access token has run out, the refresh token gives a new one, and its own successor: each is good once.')
  const second = (await present(first, 200)).json.refresh_token
  told(second !== first, 'the refresh token has rotated')
  narrator.step('The answer was lost on the way. The app asks again with the old one, and gets the same successor, not a second branch.')
  told((await present(first, 200)).json.refresh_token === second, 'the retry gets the same successor')

  narrator.chapter('The operator looks after it')
  narrator.step('Ann’s refresh tokens. An id names all generations of one login; the token itself is nowhere at rest.')
  const [token, ...others] = await list()
  told(token !== undefined && others.length === 0, 'there is one')
  narrator.step('Metadata on it: which phone it is.')
  const labelled = await api<{ refresh_token_metadata: { device: string } }>(
    'PATCH',
    `refresh-tokens/${token.id}`,
    ['id', 'rotating', 'refresh_token_metadata'],
    {
      refresh_token_metadata: { device: 'Ann’s phone' },
    },
  )
  told(labelled.json.refresh_token_metadata.device === 'Ann’s phone', 'the answer shows it')

  narrator.chapter('Somebody has stolen a token')
  narrator.step('The app goes on as always.')
  const third = (await present(second, 200)).json.refresh_token
  narrator.step('Then the very first token turns up, spent long ago: only a thief has that. It is refused …')
  told((await present(first, 403)).json.error === 'invalid_grant', 'the spent token is refused')
  narrator.step('… and since nobody can tell which of the two is the thief, the whole login is dead, the newest token too.')
  told((await present(third, 403)).json.error === 'invalid_grant', 'the newest token is dead')
  told((await list()).length === 0, 'the list is empty')

  narrator.chapter('Ann comes back, and logs out of the app')
  narrator.step('Her browser still has its session, so nobody asks her again (single sign-on).')
  const fresh = await logInSilently(caller, browser, scene)
  narrator.step('The app hands its token back. Once that is answered, no exchange can succeed on any machine.')
  const members = { client_id: scene.clientId, token: fresh }
  await caller.call({ method: 'POST', path: 'oauth/revoke', body: { type: 'form', members }, expected: 200 })
  told((await present(fresh, 403)).json.error === 'invalid_grant', 'the revoked token is refused')
}
