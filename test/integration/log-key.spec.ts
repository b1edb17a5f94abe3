import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { createPool } from '../../src/database/pool.js'
import { isAuthentic, LogKey, publicKeys } from '../../src/keys/log-key.js'
import { RootKeys, UnknownRootKeyError } from '../../src/keys/root-key.js'
import { databaseUrl } from '../support/own-database.js'

const pool = createPool(databaseUrl, 8)
const rootKeys = new RootKeys([randomBytes(32)])
afterAll(() => pool.end())

describe('the log key', () => {
  it('is one for all processes that start at once', async () => {
    const keys = await Promise.all(Array.from({ length: 6 }, () => LogKey.load(pool, rootKeys)))
    expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(1)
    expect(await publicKeys(pool)).toHaveLength(1)
  })

  it('signs so that its public half verifies', async () => {
    const key = await LogKey.load(pool, rootKeys)
    const [row] = await publicKeys(pool)
    const hash = randomBytes(32)
    const publicKey = createPublicKey({ key: row!.public_key, format: 'der', type: 'spki' })
    expect(row!.id).toBe(key.keyId)
    expect(verify(null, hash, publicKey, await key.sign(hash))).toBe(true)
    expect(verify(null, randomBytes(32), publicKey, await key.sign(hash))).toBe(false)
  })

  it('is authentic under its root key only, and only with its own halves and id', async () => {
    const [row] = await publicKeys(pool)
    const other = randomBytes(32)
    expect(isAuthentic(row!, rootKeys)).toBe(true)
    expect(isAuthentic(row!, new RootKeys([other]))).toBe(false)
    expect(isAuthentic({ ...row!, public_key: other }, rootKeys)).toBe(false)
    expect(isAuthentic({ ...row!, id: 'other' }, rootKeys)).toBe(false)
    expect(isAuthentic({ ...row!, encrypted_private_key: 'rk1.x' }, rootKeys)).toBe(false)
  })

  it('names the missing root key when ENCRYPTION_KEY lost it', async () => {
    await expect(LogKey.load(pool, new RootKeys([randomBytes(32)]))).rejects.toThrow(UnknownRootKeyError)
  })
})
