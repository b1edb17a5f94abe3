import type { ClientDocument } from '../../../src/authorization/index.js'
import { startApp, type TestApp } from '../../support/app.js'
import { logIn } from '../../support/logins.js'
import { type Answer, anotherWorker, credentialsOf, OAuthScene, ROTATING, UNKNOWN } from '../../support/oauth.js'
import { aClient, anApi, aPerson } from '../../support/people.js'
import { familyEvents } from '../../support/recorded.js'

let service: TestApp
let scene: OAuthScene
let userId: string
let other: Awaited<ReturnType<typeof anotherWorker>>
beforeAll(async () => {
  service = await startApp()
  scene = new OAuthScene(service)
  await scene.api()
  userId = await scene.user()
  other = await anotherWorker(service)
})
afterAll(async () => {
  await other.close()
  await service.close()
})

const revoke = (client: ClientDocument, token: string, more: Record<string, string> = {}): Promise<Answer> =>
  scene.form('oauth/revoke', { ...credentialsOf(client), token, ...more })

describe('edge cases of refresh tokens: revocation (spec/refresh-tokens.md §17)', () => {
  it('#23 /oauth/revoke twice: 200 and 200, with an empty answer and one event', async () => {
    const client = await scene.client()
    const { refreshToken, familyId } = await scene.refreshToken(client, userId)
    for (let n = 0; n < 2; n++) {
      const { status, body, headers } = await revoke(client, refreshToken)
      expect({ status, body }).toEqual({ status: 200, body: '' })
      expect(headers.get('cache-control')).toBe('no-store')
    }
    expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
    expect(await familyEvents(service, familyId)).toEqual(['FamilyStarted', 'FamilyRevoked'])
    const [revocation] = await scene.facts('FamilyRevoked')
    expect(revocation).toMatchObject({
      data: { reason: 'client' },
      metadata: { clientId: client.client_id, sessionId: 'session-1', origin: expect.stringMatching(/^pd2\./) },
    })
    expect(JSON.stringify(revocation)).not.toContain(refreshToken)
  })

  it('#24 /oauth/revoke of a garbage token: 200, and nothing happens', async () => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, userId)
    const { access_token: accessToken } = (await scene.refresh(client, refreshToken)).body
    for (const text of ['garbage', `${refreshToken}x`, `v1.${'A'.repeat(70)}`, accessToken]) expect((await revoke(client, text)).status).toBe(200)
    expect((await scene.refresh(client, refreshToken)).status).toBe(200)
  })

  it('#25 /oauth/revoke without token: 400', async () => {
    const client = await scene.client()
    for (const body of [credentialsOf(client), { ...credentialsOf(client), token: '' }]) {
      expect(await scene.form('oauth/revoke', body)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request', error_description: 'Missing required parameter: token' },
      })
    }
  })

  it('#26 revoke, then exchange at once on another worker: 403', async () => {
    const client = await scene.client({ refresh_token: { ...ROTATING, leeway: 60 } })
    for (let n = 0; n < 20; n++) {
      const { refreshToken } = await scene.refreshToken(client, userId)
      const late: number[] = []
      let answered = false
      // Exchanges keep coming while the revocation is under way; what was asked after its answer must fail.
      const storm = Array.from({ length: 4 }, async () => {
        for (let sent = 0; sent < 5; sent++) {
          const askedAfter = answered
          const { status } = await other.scene.refresh(client, refreshToken)
          if (askedAfter) late.push(status)
        }
      })
      expect((await revoke(client, refreshToken)).status).toBe(200)
      answered = true
      expect((await other.scene.refresh(client, refreshToken)).status).toBe(403)
      await Promise.all(storm)
      expect(late.filter((status) => status !== 403)).toEqual([])
    }
  })

  it('#27 revoke with token_type_hint=access_token: revoked all the same', async () => {
    const client = await scene.client()
    const { refreshToken } = await scene.refreshToken(client, userId)
    expect((await revoke(client, refreshToken, { token_type_hint: 'access_token' })).status).toBe(200)
    expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
  })

  it('#28 revoke by JSON and by form: the same, also with the id alone of a public client', async () => {
    for (const client of [await scene.client(), await scene.client({ token_endpoint_auth_method: 'none' })]) {
      for (const send of [scene.json.bind(scene), scene.form.bind(scene)]) {
        const { refreshToken } = await scene.refreshToken(client, userId)
        const { status, body } = await send('oauth/revoke', { ...credentialsOf(client), token: refreshToken })
        expect({ status, body }).toEqual({ status: 200, body: '' })
        expect(await scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
      }
    }
  })

  it('#50 grant deleted: 403, for all tokens of it and for no other', async () => {
    const client = await aClient(service, { refresh_token: { ...ROTATING, leeway: 60 } })
    const person = await aPerson(service)
    const [audience, elsewhere] = [await anApi(service), await anApi(service)]
    const [first, second, kept] = [
      await logIn(service, client, person, audience),
      await logIn(service, client, person, audience),
      await logIn(service, client, person, elsewhere),
    ]
    const grants = (await service.api('GET', `grants?user_id=${encodeURIComponent(person.userId)}`)).body as { id: string; audience: string }[]
    expect((await service.api('DELETE', `grants/${grants.find((grant) => grant.audience === audience)!.id}`)).status).toBe(204)
    for (const { refreshToken } of [first, second]) expect(await other.scene.refresh(client, refreshToken)).toMatchObject(UNKNOWN)
    expect((await scene.refresh(client, kept.refreshToken)).status).toBe(200)
    expect((await service.api('DELETE', `grants?user_id=${encodeURIComponent(person.userId)}`)).status).toBe(204)
    expect(await other.scene.refresh(client, kept.refreshToken)).toMatchObject(UNKNOWN)
    expect((await scene.refresh(client, (await logIn(service, client, person, audience)).refreshToken)).status).toBe(200)
  })
})

it('any member of a family ends it, the retired ones too (§7.2)', async () => {
  const client = await scene.client({ refresh_token: ROTATING })
  const { refreshToken } = await scene.refreshToken(client, userId)
  const { body } = await scene.refresh(client, refreshToken)
  expect((await revoke(client, refreshToken)).status).toBe(200)
  expect(await scene.refresh(client, body.refresh_token)).toMatchObject(UNKNOWN)
})
