import { randomBytes } from 'node:crypto'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { type PublishedJwk, SigningKeys } from '../../src/keys/signing-keys.js'
import { databaseUrl } from '../support/own-database.js'
import { dumpTables } from '../support/dump.js'
import { eventually, shortest } from '../support/eventually.js'

const pool = createPool(databaseUrl, 8)
const root = randomBytes(32)
const worker = (): SigningKeys => new SigningKeys(pool, new EventStore(pool), new RootKeys([root]))
const owner = createOwnerClient(databaseUrl)
const RS256 = { alg: 'RS256', typ: 'at+jwt' } as const

beforeAll(() => owner.connect())
afterAll(() => Promise.all([pool.end(), owner.end()]))

const verifies = (token: string, keys: readonly PublishedJwk[]): Promise<boolean> =>
  jwtVerify(token, createLocalJWKSet({ keys: [...keys] })).then(
    () => true,
    () => false,
  )
const kids = async (keys: SigningKeys): Promise<string[]> => (await keys.published()).map(({ kid }) => kid)

describe('signing keys', () => {
  it('do not sign before there are any', async () => {
    await expect(worker().sign({}, RS256)).rejects.toThrow('no signing keys yet')
  })

  it('are made once when several processes start', async () => {
    await Promise.all([worker(), worker(), worker()].map((keys) => keys.ensure({ actor: 'test' })))
    await worker().ensure({})
    expect(await worker().published()).toHaveLength(2)
    const { rows } = await owner.query(`select type from events where stream_id = 'signing_keys-tenant' order by version`)
    expect(rows).toEqual([{ type: 'SigningKeyCreated' }, { type: 'SigningKeyCreated' }, { type: 'SigningKeyRotated' }])
  })

  it('sign a token on one worker that verifies with the set of another', async () => {
    const token = await worker().sign({ iss: 'https://i/', sub: 'ä', n: 1 }, RS256)
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys: [...(await worker().published())] }), { issuer: 'https://i/' })
    expect(payload).toEqual({ iss: 'https://i/', sub: 'ä', n: 1 })
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) })
  })

  it('rotate on all workers within a second, without a token that does not verify', async () => {
    const [here, there] = [worker(), worker()]
    const first = await there.sign({}, RS256)
    let next = (await there.published()).find(({ kid }) => kid !== decodeProtectedHeader(first).kid)!.kid
    const untilRotated = async (): Promise<number> => {
      const before = await there.sign({}, RS256)
      const published = await here.published()
      const freshKid = await here.rotate({ actor: 'test' })
      const rotatedAt = performance.now()
      // What verifiers cached before the rotation already holds the key that signs now.
      const after = await here.sign({}, RS256)
      expect(decodeProtectedHeader(after).kid).toBe(next)
      expect(await verifies(after, published)).toBe(true)
      await eventually(async () => decodeProtectedHeader(await there.sign({}, RS256)).kid === next)
      const took = performance.now() - rotatedAt
      expect(await kids(there)).toEqual(expect.arrayContaining([freshKid, next, decodeProtectedHeader(before).kid]))
      expect(await verifies(before, await there.published())).toBe(true)
      next = freshKid
      return took
    }
    expect(await shortest(1000, untilRotated)).toBeLessThan(1000)
  })

  it('publish a revoked key no more, on any worker within a second', async () => {
    const [here, there] = [worker(), worker()]
    const untilRevoked = async (): Promise<number> => {
      const old = await here.sign({}, RS256)
      const oldKid = decodeProtectedHeader(old).kid!
      expect(await here.revoke(oldKid, {})).toBe('key in use')
      await here.rotate({})
      expect(await kids(there)).toContain(oldKid)
      expect(await here.revoke(oldKid, { actor: 'test' })).toBe('revoked')
      const revokedAt = performance.now()
      expect(await here.revoke(oldKid, {})).toBe('revoked')
      expect(await here.revoke('unknown', {})).toBe('unknown key')
      await eventually(async () => !(await kids(there)).includes(oldKid))
      const took = performance.now() - revokedAt
      expect(await verifies(old, await there.published())).toBe(false)
      return took
    }
    expect(await shortest(1000, untilRevoked)).toBeLessThan(1000)
  })

  it('always have one current and one next key, however many rotate at once', async () => {
    await Promise.all([worker(), worker(), worker(), worker()].map((keys) => keys.rotate({})))
    const { rows } = await owner.query(`select status, count(*)::int as count from signing_keys where status in ('current', 'next') group by 1 order by 1`)
    expect(rows).toEqual([
      { status: 'current', count: 1 },
      { status: 'next', count: 1 },
    ])
  })

  it('publish public members only, and keep a private half only where it may sign', async () => {
    for (const key of await worker().published()) expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use', 'x5c', 'x5t'])
    const { rows } = await owner.query(`select distinct status from signing_keys where encrypted_private_key is not null order by 1`)
    expect(rows).toEqual([{ status: 'current' }, { status: 'next' }])
    const events = (await dumpTables(owner)).filter(({ table }) => /^(events|streams)/.test(table))
    expect(events.length).toBeGreaterThan(0)
    for (const { row } of events) expect(row).not.toMatch(/PRIVATE|rk1\.|"(d|p|q|dp|dq|qi)":/)
  })

  it('sign soon, also where the clock of the database was set back since they were made', async () => {
    await owner.query(`update signing_keys set created_at = created_at + interval '1 hour'`)
    let token: string | undefined
    void worker()
      .sign({}, RS256)
      .then((signed) => (token = signed))
    await eventually(() => token !== undefined)
    await owner.query(`update signing_keys set created_at = created_at - interval '1 hour'`)
  })

  it('read the table at most about twice a second', async () => {
    const keys = worker()
    await keys.sign({}, RS256)
    const original = pool.query.bind(pool)
    let count = 0
    pool.query = ((...args: Parameters<typeof original>) => {
      count++
      return original(...args)
    }) as typeof pool.query
    const began = performance.now()
    while (performance.now() - began < 1200) await Promise.all(Array.from({ length: 20 }, () => keys.sign({}, RS256)))
    const tookMs = performance.now() - began
    pool.query = original
    expect(count).toBeGreaterThanOrEqual(1)
    expect(count).toBeLessThanOrEqual(1 + tookMs / 400)
  })
})
