import { startApp, type TestApp } from '../support/app.js'
import { flawOf, send } from '../support/hostile.js'
import { ENCODED, TEXTS, THINGS } from '../support/hostile-values.js'
import { OAuthScene, ROTATING } from '../support/oauth.js'

const FILTERS = ['user_id', 'client_id', 'session_id', 'audience', 'device_credential_id', 'initial_ip', 'initial_user_agent', 'last_ip', 'last_user_agent', 'issued_from', 'issued_to'] // prettier-ignore

let service: TestApp
let headers: Record<string, string>
let id: string
let clientId: string
beforeAll(async () => {
  service = await startApp()
  const scene = new OAuthScene(service)
  await scene.api()
  const client = await scene.client({ refresh_token: ROTATING })
  clientId = client.client_id
  id = (await scene.refreshToken(client, await scene.user())).familyId
  headers = { authorization: `Bearer ${await service.managementToken()}`, 'content-type': 'application/json' }
})
afterAll(() => service.close())

/** What is wrong with an answer, and with what it left behind. */
async function flaws(requests: readonly { method: string; path: string; body?: string }[]): Promise<unknown[]> {
  const found: unknown[] = []
  for (let n = 0; n < requests.length; n += 8) {
    await Promise.all(
      requests.slice(n, n + 8).map(async (request) => {
        const answer = await send(service, { ...request, headers })
        const flaw = flawOf(request.path.split('?')[0]!, answer)
        if (flaw) found.push({ request, flaw, text: answer.text.slice(0, 200) })
      }),
    )
  }
  return found
}
/** As on the wire, where a half of a pair has no form. */
const encoded = (text: string): string => encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'))
const alive = async (): Promise<number> => (await service.api('GET', `refresh-tokens/${id}`)).status

describe('hostile values', () => {
  // Each value comes alone to one half of the filters, and beside a good one to the other.
  it.each(FILTERS.map((name, n) => [name, n] as const))('in the list’s %s', async (name, n) => {
    const paths = [...TEXTS.map(encoded), ...ENCODED].map((value, m) => `?${(n + m) % 2 === 0 ? '' : `client_id=${clientId}&`}${name}=${value}`)
    expect(
      await flaws([...paths, `?${name}=a&${name}=b`, `?${name}[x]=1`].map((query) => ({ method: 'GET', path: `/api/v2/refresh-tokens${query}` }))),
    ).toEqual([])
  })

  const members = [...FILTERS.map((name) => `filter.${name}`), 'filter', 'dry_run', 'ids']
  // Each value comes alone to a third of the members, to another as a dry run, and to the last beside a good one.
  it.each(members.map((path, n) => [path, n] as const))('in the body’s %s', async (path, n) => {
    const [outer, inner] = path.split('.') as [string, string | undefined]
    const bodies = THINGS.map((thing, m) => {
      const body = { [outer]: inner === undefined ? thing : { [inner]: thing } }
      return [body, { dry_run: true, ...body }, { client_id: clientId, ...body }][(n + m) % 3]!
    })
    expect(await flaws(bodies.map((body) => ({ method: 'POST', path: '/api/v2/refresh-tokens/revoke', body: JSON.stringify(body) })))).toEqual([])
    expect(await alive()).toBe(200)
  })

  it('in the place of an id, and of a page of a history', async () => {
    const ids = [...ENCODED, ...TEXTS.map(encoded).filter((text) => text !== '')]
    const paths = ids.flatMap((text) => [`refresh-tokens/${text}/history`, `refresh-tokens/${text}/reuse-case`, `refresh-tokens/revocations/${text}`])
    const pages = TEXTS.map(encoded).flatMap((text) => [`refresh-tokens/${id}/history?take=${text}`, `refresh-tokens/${id}/history?from=${text}`])
    expect(await flaws([...paths, ...pages].map((path) => ({ method: 'GET', path: `/api/v2/${path}` })))).toEqual([])
    expect(await flaws(ids.map((text) => ({ method: 'DELETE', path: `/api/v2/device-credentials/${text}` })))).toEqual([])
  })

  it('of a cursor that was cut off, mixed or taken from another list', async () => {
    for (let n = 0; n < 2; n++) await service.api('PATCH', `refresh-tokens/${id}`, { refresh_token_metadata: { n: String(n) } })
    const { next } = (await service.api('GET', `refresh-tokens/${id}/history?take=1`)).body
    const wrong = [next.slice(1), next.slice(0, -1), `${next}x`, next.split('.').reverse().join('.'), next.toUpperCase(), `${next}.${next}`]
    const paths = wrong.map((from) => `/api/v2/refresh-tokens/${id}/history?from=${from}`)
    expect(await flaws([...paths, `/api/v2/refresh-tokens?client_id=${clientId}&from=${next}`].map((path) => ({ method: 'GET', path })))).toEqual([])
  })
})
