import { createHash, createPublicKey, verify } from 'node:crypto'
import { appendFileSync, readFileSync, symlinkSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import path from 'node:path'
import pg from 'pg'
import { Audit } from '../../src/audit/audit.js'
import { readCheckpoint } from '../../src/event-store/verification/log-checkpoint.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import type { Json, TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { logsIn, logStreams, type Post } from '../support/log-streams.js'
import { aPerson } from '../support/people.js'

let service: TestApp
let base: string
let directory: string
const { start, stop, posts, answers, stream, happen, heard, patch, health } = logStreams()
beforeAll(async () => {
  ;({ service, base, directory } = await start())
})
afterAll(stop)

describe('a webhook', () => {
  it('gets every event once and in order, signed, with the seal that covers them', async () => {
    const { url } = await stream({}, { httpAuthorization: 'Custom the-secret', httpCustomHeaders: [{ header: 'X-Tenant', value: 'header-secret' }] })
    const expected = Array.from({ length: 230 }, (_, n) => `ordered ${n}`)
    const recorded = expected.map((description) => service.app.get(Audit).record({ type: 'SignupFailed', data: { description } }, { hostname: 'h' }))
    await Promise.all(recorded)
    await eventually(() => heard(url).length >= 230)
    const logs = posts.get(url)!.flatMap(logsIn)
    expect(heard(url).sort()).toEqual([...expected].sort())
    expect(logs.map(({ log_id }) => log_id)).toEqual(logs.map(({ log_id }) => log_id).sort())
    expect(logs[0]).toEqual({
      log_id: expect.stringMatching(/^900\d{53}$/),
      data: expect.objectContaining({
        ...{ log_id: logs[0].log_id, type: 'fs', hostname: 'h', tenant_name: 'localhost', environment_name: '', client_name: '', strategy: '' },
        ...{ strategy_type: '', ip: '', client_ip: '', user_agent: '', is_mobile: false, $event_schema: { version: expect.any(String) } },
      }),
    })
    expect(Object.keys(logs[0].data)).not.toContain('_id')
    for (const post of posts.get(url)!) {
      expect(post.headers).toMatchObject({ authorization: 'Custom the-secret', 'x-tenant': 'header-secret', 'content-type': 'application/json' })
      expect(logsIn(post).length).toBeLessThanOrEqual(100)
      await verifySignature(post)
      const seal = readCheckpoint(Buffer.from(post.headers['evergrant-seal'] as string, 'base64url').toString())
      expect(verify(null, seal.sealHash, seal.publicKey, seal.signature)).toBe(true)
      expect(seal.lastPosition).toBeGreaterThanOrEqual(Number(logsIn(post).at(-1).log_id.slice(20, 54)))
    }
  })

  /** RFC 9421 §3.2, by what was received and the published key. */
  async function verifySignature({ url, headers, body }: Post): Promise<void> {
    const { keys } = (await (await fetch(`${service.url}.well-known/evergrant-log-key`)).json()) as Json
    const [, parameters, names, kid] = /^log=(\(([^)]*)\);created=\d+;keyid="([^"]+)";alg="ed25519")$/.exec(headers['signature-input'] as string)!
    expect(headers['content-digest']).toBe(`sha-256=:${createHash('sha256').update(body).digest('base64')}:`)
    const valueOf = (name: string): string => ({ '@method': 'POST', '@target-uri': base + url })[name] ?? (headers[name] as string)
    const lines = names!.split(' ').map((name) => `${name}: ${valueOf(name.slice(1, -1))}`)
    const signed = Buffer.from([...lines, `"@signature-params": ${parameters}`].join('\n'))
    const spki = Buffer.from(keys.find((key: Json) => key.kid === kid).publicKey, 'base64')
    const signature = Buffer.from(/^log=:(.+):$/.exec(headers['signature'] as string)![1]!, 'base64')
    expect(verify(null, signed, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature)).toBe(true)
  }

  it('that hangs holds up no other', async () => {
    const [hanging, other] = [await stream(), await stream()]
    answers.set(hanging.url, () => undefined)
    await happen('not held up')
    await eventually(() => posts.has(hanging.url))
    await happen('nor this')
    // Less than a delivery waits for its answer.
    await eventually(() => heard(other.url).length === 2, 9000)
    await service.api('DELETE', `log-streams/${hanging.id}`)
  })

  it('gets everything, in order, while connections are killed in the middle and it fails every now and then', async () => {
    const { id, url } = await stream()
    const killer = new pg.Client(service.config.databaseUrl)
    await killer.connect()
    let asked = 0
    answers.set(url, (res) => void res.writeHead(++asked % 3 === 0 ? 500 : 200).end())
    let writing = true
    const writers = Array.from({ length: 12 }, async (_, w) => {
      // One whose connection was killed may have been committed or not: the table of events tells.
      for (let n = 0; n < 15; n++) await happen(`chaos ${w}-${n}`).catch(() => undefined)
    })
    const killing = (async () => {
      for (let n = 0; writing || n < 10; n++) {
        await killer.query(`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name = 'evergrant' order by random() limit 1`)
        await killer.query('update log_stream_deliveries set next_try_at = now() where log_stream_id = $1', [id])
        await killer.query('select pg_sleep(0.1)')
      }
    })()
    await Promise.all(writers)
    writing = false
    await killing
    const { rows } = await killer.query<{ text: string }>(`select data->>'description' as text from events where data->>'description' like 'chaos %'`)
    const first = (): Map<string, string> =>
      new Map(
        (posts.get(url) ?? [])
          .flatMap(logsIn)
          .reverse()
          .map(({ log_id, data }) => [data.description, log_id]),
      )
    await eventually(async () => {
      await killer.query('update log_stream_deliveries set next_try_at = now() where log_stream_id = $1', [id])
      return first().size >= rows.length
    })
    await killer.end()
    expect([...first().keys()].sort()).toEqual(rows.map(({ text }) => text).sort())
    const heardFirst = [...new Set((posts.get(url) ?? []).flatMap(logsIn).map(({ log_id }) => log_id))]
    expect(heardFirst).toEqual([...heardFirst].sort())
  })

  it.each([
    ['JSONARRAY', (body: string) => JSON.parse(body)],
    ['JSONOBJECT', (body: string) => [JSON.parse(body)]],
  ])('gets %s', async (httpContentFormat, read) => {
    const { url } = await stream({}, { httpContentFormat, httpContentType: 'application/cloudevents+json' })
    await happen('a', 'b', 'c')
    const all = (): Json[] => (posts.get(url) ?? []).flatMap(({ body }): Json[] => read(body))
    await eventually(() => all().length === 3)
    expect(all().map(({ data }) => data.description)).toEqual(['a', 'b', 'c'])
    expect(posts.get(url)![0]!.headers['content-type']).toBe('application/cloudevents+json')
    if (httpContentFormat === 'JSONOBJECT') expect(posts.get(url)).toHaveLength(3)
  })
})

describe('a change', () => {
  it('counts for what is not under way yet, however much waits', async () => {
    const { id, url } = await stream({}, { httpContentFormat: 'JSONOBJECT' })
    const held: ServerResponse[] = []
    answers.set(url, (res) => void held.push(res))
    await patch(id, { status: 'paused' })
    await happen('first', 'second', 'third')
    await patch(id, { status: 'active' })
    await eventually(() => held.length === 1)
    await patch(id, { sink: { httpEndpoint: `${base}${url}-changed`, httpContentFormat: 'JSONOBJECT' } })
    answers.delete(url)
    held[0]!.writeHead(204).end()
    await eventually(async () => (await health(id)).delivered === 3)
    expect([heard(url), heard(`${url}-changed`)]).toEqual([['first'], ['second', 'third']])
  })

  it('is tried at once, though what was under way fails after it', async () => {
    const { id, url } = await stream()
    answers.set(url, (res) => void res.writeHead(500).end())
    await happen('mended')
    await eventually(async () => (await health(id)).failures > 0)
    const held: ServerResponse[] = []
    answers.set(url, (res) => void held.push(res))
    await service.pool.query(`update log_stream_deliveries set failures = 8, next_try_at = now() where log_stream_id = $1`, [id])
    await eventually(() => held.length > 0)
    await patch(id, { sink: { httpEndpoint: `${base}${url}-mended` } })
    for (const res of held) res.writeHead(500).end()
    await eventually(() => heard(`${url}-mended`).length === 1)
    expect(await health(id)).toMatchObject({ failures: 0, errors: [] })
  })
})

it('waits while it is paused, and goes on where it was', async () => {
  const { id, url } = await stream()
  await happen('before')
  await eventually(async () => (await health(id)).delivered === 1)
  await patch(id, { status: 'paused' })
  await happen('during')
  await stream().then((other) => eventually(() => health(other.id)))
  expect(heard(url)).toEqual(['before'])
  expect(await health(id)).toMatchObject({ status: 'paused', blocked_by: null })
  await patch(id, { status: 'active' })
  await eventually(() => heard(url).length === 2)
  expect(heard(url)).toEqual(['before', 'during'])
})

it('begins, and begins again, where it is told to', async () => {
  await happen('one', 'two')
  const { body: found } = await service.api('GET', 'logs?q=description:(one%20OR%20two)&sort=log_id:1')
  const day = await stream({ startFrom: new Date(Date.now() - 86_400_000).toISOString() })
  const after = await stream({ startFrom: found[0].log_id })
  const now = await stream()
  await happen('three')
  await eventually(() => [day, after, now].every(({ url }) => heard(url).includes('three')))
  expect(heard(day.url)).toEqual(expect.arrayContaining(['one', 'two', 'three']))
  expect([heard(after.url), heard(now.url)]).toEqual([['two', 'three'], ['three']])
  await patch(now.id, { startFrom: found[0].log_id })
  await eventually(() => heard(now.url).length === 3)
  expect(heard(now.url)).toEqual(['three', 'two', 'three'])
})

it('conceals who people are, as it was asked to', async () => {
  const { url: masked } = await stream({ pii_config: { log_fields: ['username'] } })
  const { url: hashed } = await stream({ pii_config: { log_fields: ['username', 'email'], method: 'hash', algorithm: 'xxhash' } })
  const { url: open } = await stream()
  const origin = await service.app.get(PersonKeys).seal('auth0|streamed', { ip: '203.0.113.7', userAgent: 'curl/8.5.0' })
  const { userId } = await aPerson(service, { email: 'streamed@example.com' })
  await service.app.get(Audit).record({ type: 'SignupFailed', data: { description: 'personal' } }, { userId, origin })
  await eventually(() => [masked, hashed, open].every((url) => heard(url).length === 1))
  const dataOf = (url: string): Json => logsIn(posts.get(url)![0]!)[0].data
  expect(dataOf(open)).toMatchObject({ user_name: 'streamed@example.com', client_ip: '203.0.113.7', user_agent: 'curl/8.5.0' })
  expect(dataOf(masked)).toMatchObject({ user_name: '*****', user_id: userId })
  expect(dataOf(hashed).user_name).toMatch(/^[0-9a-f]{16}$/)
  expect(JSON.stringify([dataOf(masked), dataOf(hashed)])).not.toContain('streamed@example.com')
})

it('writes to a file, a line for each event and its seal, also after a line that was torn', async () => {
  const file = path.join(directory, 'audit.jsonl')
  appendFileSync(file, '{"log_id":"900')
  const members = { type: 'file', sink: { fileName: 'audit.jsonl' } }
  const { status } = await service.api('POST', 'log-streams', { ...members, name: 'file', filters: [{ type: 'category', name: 'auth.signup.fail' }] })
  expect(status).toBe(200)
  await happen('to a file')
  const [torn, log, seal] = await eventually(() => {
    const lines = readFileSync(file, 'utf8').split('\n')
    return lines.length === 4 && lines
  })
  expect([torn, JSON.parse(log!).data.description]).toEqual(['{"log_id":"900', 'to a file'])
  expect(readCheckpoint(JSON.stringify(JSON.parse(seal!).seal)).lastPosition).toBeGreaterThan(0)
  symlinkSync('/tmp/evergrant-streams-nowhere', path.join(directory, 'link.jsonl'))
  const { body: link } = await service.api('POST', 'log-streams', { type: 'file', sink: { fileName: 'link.jsonl' } })
  await happen('not through a link')
  await eventually(async () => (await health(link.id)).failures > 0)
  await service.api('DELETE', `log-streams/${link.id}`)
})
