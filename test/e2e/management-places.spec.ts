import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ClientDocument } from '../../src/authorization/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { PKCE, redeemCode } from '../support/logins.js'
import { mmdbFile, uint } from '../support/mmdb.js'
import { aClient, anApi, aPerson, authorizeUrl, PASSWORD } from '../support/people.js'
import { temporaryFolder } from '../support/service.js'
import { answerOf, Visitor } from '../support/visitor.js'

/* What the operator's files tell of addresses, where the Management API shows them. */

const BERLIN = {
  continent: { code: 'EU', names: { en: 'Europe' } },
  country: { iso_code: 'DE', names: { en: 'Germany' } },
  city: { names: { en: 'Berlin' } },
  location: { latitude: 52.52, longitude: 13.4, time_zone: 'Europe/Berlin' },
  subdivisions: [{ iso_code: 'BE', names: { en: 'Land Berlin' } }],
}
const IN_BERLIN = '203.0.114.7'
const ELSEWHERE = '203.0.115.7'

const folder = temporaryFolder()
let service: TestApp
let client: ClientDocument
let audience: string
beforeAll(async () => {
  const city = path.join(folder, 'city.mmdb')
  writeFileSync(city, mmdbFile('GeoLite2-City', '203.0.114.0', 24, BERLIN))
  const asn = path.join(folder, 'asn.mmdb')
  writeFileSync(asn, mmdbFile('GeoLite2-ASN', '203.0.114.0', 24, { autonomous_system_number: uint(64_496) }))
  service = await startApp({ GEOIP_CITY_FILE: city, GEOIP_ASN_FILE: asn, LOG_STREAMS_DIRECTORY: folder })
  audience = await anApi(service)
  client = await aClient(service, { refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0 } })
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true })
})

/** A new person, whose application redeems the code from another place. */
async function login(from: string): Promise<{ who: Visitor; userId: string; refreshToken: string }> {
  const { userId, email } = await aPerson(service)
  const headers = { 'x-forwarded-for': from }
  const who = new Visitor(service.url)
  const form = await who.get(authorizeUrl(client, { scope: 'openid offline_access', audience, ...PKCE }), headers)
  const { code } = answerOf(await who.submit(form, { username: email, password: PASSWORD }, headers))
  return { who, userId, refreshToken: (await redeemCode(service, client, code!)).body.refresh_token }
}
const get = async (at: string): Promise<Json> => (await service.api('GET', at)).body
const loginOf = async (userId: string): Promise<Json> => (await get(`logs?q=${encodeURIComponent(`type:s AND user_id:"${userId}"`)}`))[0]

describe('a row of the log', () => {
  const place = {
    country_code: 'DE',
    country_code3: 'DEU',
    country_name: 'Germany',
    city_name: 'Berlin',
    latitude: 52.52,
    longitude: 13.4,
    time_zone: 'Europe/Berlin',
    continent_code: 'EU',
  }

  it('tells the place of its address, however it is read', async () => {
    const { userId } = await login(IN_BERLIN)
    const row = await loginOf(userId)
    expect(row).toMatchObject({ ip: IN_BERLIN, location_info: place })
    expect(await get(`logs/${row.log_id}`)).toEqual(row)
    expect(await get(`logs?from=${BigInt(row.log_id) - 1n}&take=1`)).toEqual([row])
    expect(await get(`users/${encodeURIComponent(userId)}/logs?fields=location_info`)).toContainEqual({ location_info: place })
  })

  it('tells none where the file knows none, and none of an erased person', async () => {
    const { userId } = await login(ELSEWHERE)
    expect(await loginOf(userId)).toMatchObject({ ip: ELSEWHERE })
    expect(await loginOf(userId)).not.toHaveProperty('location_info')

    const erased = await login(IN_BERLIN)
    expect((await service.api('DELETE', `users/${encodeURIComponent(erased.userId)}`)).status).toBe(204)
    const row = await eventually(async () => {
      const found = await loginOf(erased.userId)
      return found.ip === '' ? found : undefined
    })
    expect(row).not.toHaveProperty('location_info')
  })

  it('takes no place along into log streams', async () => {
    const sink = { fileName: 'places.jsonl' }
    const made = await service.api('POST', 'log-streams', { name: 'places', type: 'file', sink })
    expect(made).toMatchObject({ status: 200 })
    const { userId } = await login(IN_BERLIN)
    const file = path.join(folder, sink.fileName)
    const delivered = await eventually(() => {
      const logs = readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line): Json => JSON.parse(line))
      return logs.find(({ data }) => data?.type === 's' && data.user_id === userId)
    })
    expect(delivered.data).toMatchObject({ ip: IN_BERLIN })
    expect(delivered.data).not.toHaveProperty('location_info')
  })
})

describe('the device', () => {
  const first = { initial_ip: IN_BERLIN, initial_asn: '64496', initial_user_agent: 'node' }

  it('of a session tells the networks that it was first and last used from', async () => {
    const { who, userId } = await login(IN_BERLIN)
    const ofUser = `users/${encodeURIComponent(userId)}/sessions`
    const [session] = (await get(ofUser)).sessions
    expect(session.device).toEqual({ ...first, last_ip: IN_BERLIN, last_asn: '64496', last_user_agent: 'node' })
    await who.get(authorizeUrl(client, { prompt: 'none' }), { 'x-forwarded-for': ELSEWHERE })
    const device = { ...first, last_ip: ELSEWHERE, last_asn: null, last_user_agent: 'node' }
    expect((await get(ofUser)).sessions[0].device).toEqual(device)
    expect((await get(`sessions/${session.id}`)).device).toEqual(device)
  })

  it('of a refresh token does so too', async () => {
    const { userId, refreshToken } = await login(IN_BERLIN)
    const ofUser = `users/${encodeURIComponent(userId)}/refresh-tokens`
    // The application redeemed the code from here.
    expect((await get(ofUser)).tokens[0].device).toMatchObject({ initial_asn: null, last_asn: null })
    const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: client.client_id, refresh_token: refreshToken })
    const exchange = { method: 'POST', body, headers: { 'x-forwarded-for': IN_BERLIN } }
    expect((await fetch(`${service.url}oauth/token`, exchange)).status).toBe(200)
    const [token] = (await get(ofUser)).tokens
    expect(token.device).toMatchObject({ initial_asn: null, last_ip: IN_BERLIN, last_asn: '64496' })
    expect((await get(`refresh-tokens/${token.id}`)).device).toEqual(token.device)
  })
})
