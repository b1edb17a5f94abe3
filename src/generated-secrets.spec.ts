import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { openDataDir, secret } from './generated-secrets.js'

const parent = mkdtempSync(path.join(os.tmpdir(), 'evergrant-secrets-'))
const dataDir = path.join(parent, 'deep/data')
const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8)
beforeAll(() => openDataDir(dataDir))
afterAll(() => rmSync(parent, { recursive: true }))

test('a secret is made once, and told apart from one that was there', async () => {
  expect(await secret(dataDir, 'a', () => 'first')).toEqual({ value: 'first', created: true })
  expect(await secret(dataDir, 'a', () => 'second')).toEqual({ value: 'first', created: false })
})

test('all who ask at once get the same, and one of them hears that it is new', async () => {
  const asked = await Promise.all(Array.from({ length: 10 }, (_, n) => secret(dataDir, 'b', () => String(n))))
  expect(new Set(asked.map(({ value }) => value)).size).toBe(1)
  expect(asked.filter(({ created }) => created)).toHaveLength(1)
})

test('nobody else can read them, and no draft stays', () => {
  expect([mode(dataDir), mode(path.join(dataDir, 'secrets')), mode(path.join(dataDir, 'secrets/a'))]).toEqual(['700', '700', '600'])
  expect(readdirSync(path.join(dataDir, 'secrets')).sort()).toEqual(['a', 'b'])
})

test('an empty file is an accident, not a secret', async () => {
  writeFileSync(path.join(dataDir, 'secrets/c'), '\n')
  await expect(secret(dataDir, 'c', () => 'new')).rejects.toThrow(/secrets\/c is empty/)
})

test('a folder that exists keeps its mode', async () => {
  chmodSync(dataDir, 0o750)
  await openDataDir(dataDir)
  expect(mode(dataDir)).toBe('750')
})
