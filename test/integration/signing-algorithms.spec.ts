import { randomBytes, X509Certificate } from 'node:crypto'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { SIGNING_ALGORITHMS } from '../../src/keys/signature.js'
import { SigningKeys } from '../../src/keys/signing-keys.js'
import { databaseUrl } from '../support/own-database.js'
import { dumpTables } from '../support/dump.js'

const pool = createPool(databaseUrl, 8)
const root = randomBytes(32)
const worker = (): SigningKeys => new SigningKeys(pool, new EventStore(pool), new RootKeys([root]))
const owner = createOwnerClient(databaseUrl)

beforeAll(async () => {
  await owner.connect()
  await worker().ensure({ actor: 'test' })
})
afterAll(() => Promise.all([pool.end(), owner.end()]))

describe('signing algorithms', () => {
  it.each(SIGNING_ALGORITHMS)('%s: its keys are made once when several workers want them, and what they sign verifies with the JWKS of each', async (alg) => {
    const [reader, ...signers] = [worker(), worker(), worker()]
    const workers = [reader, ...signers]
    // Held just before the keys are made.
    for (const keys of workers) await keys.published()
    const tokens = await Promise.all(signers.flatMap((keys) => [1, 2].map((n) => keys.sign({ sub: 'ä', n }, { alg, typ: 'JWT' }))))
    const kid = decodeProtectedHeader(tokens[0]!).kid
    for (const token of tokens) {
      expect(decodeProtectedHeader(token)).toEqual({ alg, typ: 'JWT', kid })
      for (const keys of workers) {
        const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...(await keys.published())] }), { algorithms: [alg] })
        expect(payload).toMatchObject({ sub: 'ä' })
      }
    }
    expect((await worker().published()).filter((key) => key.alg === alg)).toHaveLength(2)
  })

  it('are a key’s own: no two algorithms share one', async () => {
    const published = await worker().published()
    expect(new Set(published.map(({ kid }) => kid)).size).toBe(2 * SIGNING_ALGORITHMS.length)
  })

  it('publish their public members only, and put no others into events', async () => {
    for (const key of await worker().published()) {
      const { alg: _, kid: __, x5c: ___, x5t: ____, use, ...members } = key
      expect(use).toBe('sig')
      expect(Object.keys(members).sort()).toEqual({ RSA: ['e', 'kty', 'n'], EC: ['crv', 'kty', 'x', 'y'], OKP: ['crv', 'kty', 'x'] }[key.kty])
    }
    const events = (await dumpTables(owner)).filter(({ table }) => /^(events|streams)/.test(table))
    for (const { row } of events) expect(row).not.toMatch(/PRIVATE|rk1\.|"(d|p|q|dp|dq|qi)":/)
  })

  it('all rotate together, and all former keys can be revoked', async () => {
    const keys = worker()
    const before = await Promise.all(SIGNING_ALGORITHMS.map((alg) => keys.sign({}, { alg, typ: 'JWT' })))
    const next = await keys.rotate({ actor: 'test' })
    const after = await Promise.all(SIGNING_ALGORITHMS.map((alg) => keys.sign({}, { alg, typ: 'JWT' })))
    const published = await keys.published()
    expect(published.find(({ kid }) => kid === next)?.alg).toBe('RS256')
    expect(published).toHaveLength(3 * SIGNING_ALGORITHMS.length)
    for (const [n, token] of after.entries()) expect(decodeProtectedHeader(token).kid).not.toBe(decodeProtectedHeader(before[n]!).kid)
    for (const token of [...before, ...after]) await jwtVerify(token, createLocalJWKSet({ keys: [...published] }))
    for (const token of before) expect(await keys.revoke(decodeProtectedHeader(token).kid!, {})).toBe('revoked')
    const left = createLocalJWKSet({ keys: [...(await keys.published())] })
    for (const token of before) await expect(jwtVerify(token, left)).rejects.toThrow('no applicable key')
  })

  it('give every key a certificate', async () => {
    for (const { kid, certificate } of await worker().list()) {
      const { publicKey } = new X509Certificate(certificate!)
      const key = (await worker().published()).find((published) => published.kid === kid)
      if (key) expect(publicKey.export({ format: 'jwk' })).toMatchObject('n' in key ? { n: key.n } : { x: key.x })
    }
  })
})
