import { Readable } from 'node:stream'
import { verifyDatabase, verifyExport } from '../../src/cli/verify.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { exportLines } from '../integration/export-lines.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { dumpTables, formsOf } from '../support/dump.js'
import { eventually } from '../support/eventually.js'
import { logIn } from '../support/logins.js'
import { anotherWorker } from '../support/oauth.js'
import { authorizeUrl, aClient, anApi, aPerson, CALLBACK, DIRECTORY, PASSWORD as PERSON_PASSWORD } from '../support/people.js'
import { answerOf, Visitor } from '../support/visitor.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

const PASSWORD = 'Erased-Passw0rd-9'
/** Of somebody's life: profile, browser, address, devices, metadata of every kind. */
const PLANTED = {
  email: 'marigold.quux@erased.example',
  name: 'Marigoldina',
  nickname: 'Goldiquux',
  agent: 'ErasedBrowser/7.5',
  address: '198.51.100.77',
  userMetadata: 'Erasedhobby',
  appMetadata: 'Erasedplan',
  tokenMetadata: 'Erasedphone',
  sessionMetadata: 'Erasedkiosk',
  device: 'Erasedtablet',
  password: PASSWORD,
}
const FROM = { 'user-agent': PLANTED.agent, 'x-forwarded-for': PLANTED.address }

const ok = async (method: string, at: string, body?: object, headers?: Record<string, string>): Promise<Json> => {
  const { status, body: answer } = await service.api(method, at, body, headers)
  expect({ method, at, ok: status < 300, answer: status < 300 || answer }).toEqual({ method, at, ok: true, answer: true })
  return answer
}

/** As an application that the person uses. */
async function token(parameters: Record<string, string>): Promise<Json> {
  const res = await fetch(`${service.url}oauth/token`, { method: 'POST', body: new URLSearchParams(parameters), headers: FROM })
  return res.json()
}

it('deleting a user leaves no readable byte of them in tables, dumps or exports, and the log verifies', async () => {
  const { email, name, nickname, userMetadata, appMetadata } = PLANTED
  const { user_id: userId } = await ok('POST', 'users', {
    connection: DIRECTORY,
    email,
    password: PASSWORD,
    name,
    nickname,
    user_metadata: { hobby: userMetadata },
    app_metadata: { plan: appMetadata },
  })
  const client = await aClient(service, { refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0 } })
  const audience = await anApi(service)
  const { id: organization } = await ok('POST', 'organizations', { name: 'acme' })
  await ok('POST', `organizations/${organization}/members`, { members: [userId] })

  // A wrong password first, which the log keeps with what was typed.
  const who = new Visitor(service.url)
  const form = await who.get(authorizeUrl(client, { scope: 'openid offline_access read:plants', audience }), FROM)
  await who.submit(form, { username: email, password: 'wrong' }, FROM)
  const { code } = answerOf(await who.submit(form, { username: email, password: PASSWORD }, FROM))
  const { client_id } = client
  const tokens = await token({ grant_type: 'authorization_code', client_id, code: code!, redirect_uri: CALLBACK })
  const exchanged = await token({ grant_type: 'refresh_token', client_id, refresh_token: tokens.refresh_token })
  expect(exchanged.access_token).toEqual(expect.any(String))
  const [{ id: tokenId, session_id: sessionId }] = (await ok('GET', `refresh-tokens?user_id=${userId}`)).refresh_tokens
  await ok('PATCH', `refresh-tokens/${tokenId}`, { refresh_token_metadata: { device: PLANTED.tokenMetadata } })
  await ok('PATCH', `sessions/${sessionId}`, { session_metadata: { place: PLANTED.sessionMetadata } })
  const ownToken = await service.managementToken(['create:current_user_device_credentials'], { sub: userId, gty: undefined })
  const key = { device_name: PLANTED.device, type: 'public_key', value: 'a-public-key', device_id: 'abcdef' }
  await ok('POST', 'device-credentials', key, { ...FROM, authorization: `Bearer ${ownToken}` })
  // Everything of it is there to be read by who may, before.
  expect(await ok('GET', `users/${userId}`)).toMatchObject({ email, name, last_ip: PLANTED.address })
  await eventually(async () => (await ok('GET', `users/${userId}/logs`)).some(({ ip }: Json) => ip === PLANTED.address))

  const owner = createOwnerClient(service.config.databaseUrl)
  await owner.connect()
  const forms = Object.values(PLANTED).flatMap((value) => [value, value.toLowerCase()].flatMap(formsOf))
  const readable = (texts: readonly string[]): string[] =>
    texts.filter((text) => forms.some((planted) => text.includes(planted))).map((text) => text.slice(0, 300))
  const inTables = async (): Promise<string[]> => readable((await dumpTables(owner)).map(({ table, row }) => `${table}: ${row}`))
  expect(await inTables()).toEqual([])

  await ok('DELETE', `users/${userId}`)
  await eventually(async () => (await owner.query('select from person_keys where person_id = $1', [userId])).rowCount === 0)
  expect(await inTables()).toEqual([])
  const gone = await ok('GET', `users/${userId}/logs`)
  expect(gone.length).toBeGreaterThan(3)
  expect(readable([JSON.stringify(gone)])).toEqual([])

  const rootKeys = service.app.get(RootKeys)
  expect(await verifyDatabase(service.config.databaseUrl, rootKeys, service.url)).toMatchObject({ ok: true })
  const lines = await exportLines(service.config.databaseUrl)
  expect(readable(lines)).toEqual([])
  expect(lines.some((line) => line.includes('UserDeleted'))).toBe(true)
  expect(await verifyExport(Readable.from(lines))).toMatchObject({ ok: true })
  await owner.end()
})

it('nobody who is gone gets a key again, whatever of theirs is presented', async () => {
  const client = await aClient(service, { refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0 } })
  const [{ client_id }, { client_id: another }] = [client, await aClient(service)]
  const audience = await anApi(service, { allow_online_access: true })
  const { userId, email } = await aPerson(service)
  const code = async (scope: string): Promise<string> => {
    const who = new Visitor(service.url)
    const form = await who.get(authorizeUrl(client, { scope, audience }), FROM)
    return answerOf(await who.submit(form, { username: email, password: PERSON_PASSWORD }, FROM))['code']!
  }
  const redeem = (given: string): Promise<Json> => token({ grant_type: 'authorization_code', client_id, code: given, redirect_uri: CALLBACK })
  const exchange = (refresh_token: string, client_id: string): Promise<Json> => token({ grant_type: 'refresh_token', client_id, refresh_token })
  const revoke = async (presented: string): Promise<number> =>
    (await fetch(`${service.url}oauth/revoke`, { method: 'POST', body: new URLSearchParams({ client_id, token: presented }), headers: FROM })).status
  const kept = (await redeem(await code('openid offline_access'))).refresh_token
  const revoked = (await redeem(await code('openid offline_access'))).refresh_token
  const online = (await redeem(await code('openid online_access'))).refresh_token
  const [redeemed, open] = [await code('openid offline_access'), await code('openid offline_access')]
  await redeem(redeemed)
  expect(await revoke(revoked)).toBe(200)

  await ok('DELETE', `users/${userId}`)
  const keys = async (): Promise<number> => (await service.pool.query('select from person_keys where person_id = $1', [userId])).rowCount!
  await eventually(async () => (await keys()) === 0)
  const refused = expect.objectContaining({ error: 'invalid_grant' }) as object
  const attempts: [() => Promise<unknown>, unknown][] = [
    [() => exchange(kept, another), refused],
    [() => exchange(kept, client_id), refused],
    [() => exchange(revoked, client_id), refused],
    [() => exchange(online, client_id), refused],
    [() => exchange(online, another), refused],
    [() => redeem(redeemed), refused],
    [() => redeem(open), refused],
    [() => redeem(open), refused],
    [() => revoke(kept), 200],
    [() => revoke(online), 200],
  ]
  for (const [attempt, answer] of attempts) {
    expect(await attempt()).toEqual(answer)
    expect(await keys()).toBe(0)
  }
})

describe('of who bears the id of somebody erased, by a process that knew the former', () => {
  let worker: Awaited<ReturnType<typeof anotherWorker>>
  beforeAll(async () => {
    worker = await anotherWorker(service)
  })
  afterAll(() => worker.close())

  it.each(['refresh_token_metadata', 'session_metadata', 'device_name'])('the %s that it is told is kept', async (kind) => {
    const client = await aClient(service)
    const audience = await anApi(service)
    const person = { userId: `auth0|${kind}`, email: `${kind}@erased.example` }
    const { userId } = person
    const operator = `Bearer ${await service.managementToken()}`
    const own = `Bearer ${await service.managementToken(['create:current_user_device_credentials'], { sub: userId, gty: undefined })}`
    const sendThere = async (method: string, at: string, body: object, authorization = operator): Promise<void> => {
      const { status } = await worker.scene.send(method, `api/v2/${at}`, JSON.stringify(body), { authorization, 'content-type': 'application/json' })
      expect(status).toBeLessThan(300)
    }
    const live = async (): Promise<Json> => {
      await aPerson(service, person)
      const { sessionId } = await logIn(service, client, person, audience)
      const [{ id }] = (await ok('GET', `refresh-tokens?user_id=${userId}`)).refresh_tokens
      if (kind === 'refresh_token_metadata') await sendThere('PATCH', `refresh-tokens/${id}`, { [kind]: { said: 'kept' } })
      else if (kind === 'session_metadata') await sendThere('PATCH', `sessions/${sessionId}`, { [kind]: { said: 'kept' } })
      else await sendThere('POST', 'device-credentials', { device_name: 'kept', type: 'public_key', value: 'a-public-key', device_id: 'abcdef' }, own)
      const kept = { refresh_token_metadata: `refresh-tokens/${id}`, session_metadata: `sessions/${sessionId}` }[kind]
      if (kept) return (await ok('GET', kept))[kind].said
      return (await ok('GET', `device-credentials?type=public_key&user_id=${userId}`))[0].device_name
    }
    expect(await live()).toBe('kept')
    await ok('DELETE', `users/${userId}`)
    await eventually(async () => (await service.pool.query('select from person_keys where person_id = $1', [userId])).rowCount === 0)
    expect(await live()).toBe('kept')
  })
})
