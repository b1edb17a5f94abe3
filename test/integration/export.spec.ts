import { execFile, spawn } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { verifyDatabase, verifyExport } from '../../src/cli/verify.js'
import { sealHash } from '../../src/event-store/hashes.js'
import { WHOLE_LOG } from '../../src/event-store/verification/database-log.js'
import { headerLine, sealLine } from '../../src/event-store/verification/export-format.js'
import { readCheckpoint, writeCheckpoint } from '../../src/event-store/verification/log-checkpoint.js'
import { describe as inWords } from '../../src/event-store/verification/log-source.js'
import { exportLines } from './export-lines.js'
import { ISSUER, LogFixture } from './log-fixture.js'

// Each test makes a database of its own, or runs commands as processes.
const execute = promisify(execFile)
const KEY = Buffer.alloc(32, 7).toString('base64')
const MAIN = 'dist/src/cli/main.js'

let log: LogFixture
let lines: string[]
let env: Record<string, string>

beforeAll(async () => {
  log = await LogFixture.withLog(Buffer.from(KEY, 'base64'))
  lines = await exportLines(log.url)
  env = { PATH: process.env['PATH']!, DATABASE_URL: log.url, ENCRYPTION_KEY: KEY, ISSUER_URL: ISSUER }
})
afterAll(() => log.close())

type Json = Record<string, unknown>
const HEADER = { kind: 'header', format: 'evergrant-log-1', issuer: ISSUER, previousSeal: 0, previousPosition: 0, previousSealHash: '0'.repeat(64) }
const X25519 = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
const parsed = (all: readonly string[]): Json[] => all.map((line) => JSON.parse(line) as Json)

/** What verify says of an export with these lines. */
async function printed(all: readonly string[]): Promise<string> {
  const result = await verifyExport(Readable.from([all.join('')]))
  return result.ok ? 'intact' : inWords(result.finding)
}

/** The line of the event at a position, or of a seal by its number. */
const lineOf = (kind: 'event' | 'seal', number: number): number =>
  parsed(lines).findIndex((line) => line['kind'] === kind && line[kind === 'event' ? 'position' : 'number'] === number)
const edited = (index: number, change: (line: Json) => Json): string[] =>
  lines.map((line, n) => (n === index ? `${JSON.stringify(change(JSON.parse(line) as Json))}\n` : line))
const without = (...indexes: number[]): string[] => lines.filter((_, n) => !indexes.includes(n))
const swapped = (one: number, other: number): string[] => lines.map((line, n) => (n === one ? lines[other]! : n === other ? lines[one]! : line))

describe('export', () => {
  it('writes sealed events, their seals and the keys, and nothing that is not sealed', () => {
    const kinds = parsed(lines).map(({ kind }) => kind)
    expect(kinds).toEqual([
      'header',
      ...Array<string>(6).fill('event'),
      'seal',
      ...Array<string>(3).fill('event'),
      'seal',
      ...Array<string>(3).fill('event'),
      'seal',
      'end',
    ])
    expect(parsed(lines)[1]).toMatchObject({ position: 1, streamId: 'counter-a', version: 1, data: '{"by":"first"}', previousHash: '0'.repeat(64) })
  })

  it('verifies without a database', async () => {
    expect(await verifyExport(Readable.from([lines.join('')]))).toMatchObject({
      ok: true,
      log: { events: 12, seals: 3, streams: 4, unsealed: 0, issuer: ISSUER, head: { number: 3, lastPosition: 12 } },
    })
  })

  it('keeps texts byte for byte', async () => {
    const odd = await LogFixture.create()
    for (const by of ['line\nbreak', 'ä€😀', '"quoted\\', '\u2028', '']) await odd.add('odd', by)
    await odd.seal()
    const { rows } = await odd.intruder.query<{ data: string }>(`select data::text from events order by version`)
    const texts = await exportLines(odd.url)
    expect(
      parsed(texts)
        .filter(({ kind }) => kind === 'event')
        .map(({ data }) => data),
    ).toEqual(rows.map(({ data }) => data))
    expect(await printed(texts)).toBe('intact')
    await odd.close()
  })

  it('exports whole seals of a range that verify by themselves', async () => {
    const part = await exportLines(log.url, { from: 8, to: 9 })
    expect(parsed(part).map(({ kind, position, number }) => position ?? number ?? kind)).toEqual(['header', 7, 8, 9, 2, 'end'])
    expect(await printed(part)).toBe('intact')
    expect(await printed(await exportLines(log.url, { from: 10 }))).toBe('intact')
    expect(parsed(await exportLines(log.url, { to: 1 })).filter(({ kind }) => kind === 'seal')).toHaveLength(1)
  })

  it('of a part proves a checkpoint only if it is in that part', async () => {
    const checked = await verifyDatabase(log.url, log.rootKeys, ISSUER)
    if (!checked.ok) throw new Error('not intact')
    const { head, keys } = checked.log
    const checkpoint = readCheckpoint(writeCheckpoint(ISSUER, head!, keys.get(head!.keyId)!.publicKey))
    const verifyPart = async (from: number, to: number): Promise<boolean> =>
      (await verifyExport(Readable.from([(await exportLines(log.url, { from, to })).join('')]), [checkpoint])).ok
    expect(await verifyPart(7, 12)).toBe(true)
    expect(await verifyPart(1, 9)).toBe(false)
  })

  it('of an empty log verifies too', async () => {
    const empty = await LogFixture.create()
    expect(await printed(await exportLines(empty.url))).toBe('intact')
    await empty.close()
  })

  it('exports a broken log as it is, so that verify tells', async () => {
    const broken = await LogFixture.withLog()
    await broken.remove(5)
    expect(await printed(await exportLines(broken.url))).toBe('position 5: event is missing')
    await broken.close()
  })
})

describe('verify finds, in an export that was edited by hand,', () => {
  it.each<[string, Json]>([
    ['data', { data: '{"by":"someone else"}' }],
    ['metadata', { metadata: '{}' }],
    ['stream', { streamId: 'counter-z', version: 1 }],
    ['previous hash', { previousHash: '1'.repeat(64) }],
  ])('a changed %s', async (_, change) => {
    expect(await printed(edited(lineOf('event', 5), (line) => ({ ...line, ...change })))).toMatch(
      /^position 5 \(stream counter-., version .\): event was edited: its content does not match its hash$/,
    )
  })

  it('a changed hash', async () => {
    expect(await printed(edited(lineOf('event', 5), (line) => ({ ...line, hash: '1'.repeat(64) })))).toBe(
      'position 5 (stream counter-b, version 2): event was edited: its content and its hash are not what was sealed',
    )
  })

  it('a changed position', async () => {
    expect(await printed(edited(lineOf('event', 5), (line) => ({ ...line, position: 55 })))).toBe(
      'position 5 (stream counter-b, version 2): event was edited: its line says position 55',
    )
  })

  it('a removed event', async () => {
    expect(await printed(without(lineOf('event', 5)))).toBe('position 5: event is missing')
    expect(await printed(without(lineOf('event', 12)))).toBe('position 12: event is missing')
  })

  it('a duplicated event', async () => {
    const index = lineOf('event', 5)
    expect(await printed([...lines.slice(0, index), lines[index]!, ...lines.slice(index)])).toBe(
      'position 6 (stream counter-b, version 2): event was inserted: it is a copy of position 5',
    )
  })

  it('reordered events', async () => {
    expect(await printed(swapped(lineOf('event', 4), lineOf('event', 5)))).toBe(
      'position 4 (stream counter-b, version 2): event was moved: it belongs at position 5',
    )
    expect(await printed(swapped(lineOf('event', 5), lineOf('event', 9)))).toMatch(/^position 5 \(stream counter-d, version 1\): event was edited/)
  })

  it('a removed seal', async () => {
    expect(await printed(without(lineOf('seal', 2)))).toBe('position 7: seal 2, which begins here, is missing: the next one found is seal 3')
  })

  it('a removed seal with its events', async () => {
    expect(await printed(without(...[7, 8, 9].map((position) => lineOf('event', position)), lineOf('seal', 2)))).toBe(
      'position 7: seal 2, which begins here, is missing: the next one found is seal 3',
    )
  })

  it.each<[string, Json, string]>([
    ['signature', { signature: Buffer.alloc(64).toString('base64') }, 'signature is not valid'],
    ['root', { merkleRoot: '1'.repeat(64) }, 'was edited: its content does not match its hash'],
    ['key', { keyId: 'other' }, 'is signed by the unknown key other'],
  ])('a changed %s of a seal', async (_, change, reason) => {
    expect(await printed(edited(lineOf('seal', 2), (line) => ({ ...line, ...change })))).toBe(`seal 2 (positions 7..9): ${reason}`)
  })

  it.each([1, 5, 8, 10, 11, 14])('a file that ends after %i lines', async (count) => {
    const events = parsed(lines.slice(0, count)).filter(({ kind }) => kind === 'event').length
    expect(await printed(lines.slice(0, count))).toBe(`position ${events + 1}: the file was cut off: it has no end line`)
  })

  it('a file that ends within a line', async () => {
    const index = lineOf('event', 5)
    expect(await printed([...lines.slice(0, index), lines[index]!.slice(0, 40)])).toMatch(new RegExp(`^position 5: line ${index + 1} of the file: `))
  })

  it('whole seals cut from the end, by its end line', async () => {
    expect(await printed([...lines.slice(0, lineOf('seal', 2) + 1), lines.at(-1)!])).toBe(
      'position 10: line 13 of the file: the end line counts 12 events in 3 seals, the file has 9 in 2',
    )
  })

  it('something after its end', async () => {
    expect(await printed([...lines, lines[1]!])).toContain('something follows the end line')
  })

  it('another key in the header', async () => {
    const other = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE='
    const changed = edited(0, (header) => ({ ...header, keys: (header['keys'] as Json[]).map((key) => ({ ...key, publicKey: other })) }))
    expect(await printed(changed)).toBe('seal 1 (positions 1..6): signature is not valid')
  })

  it.each([
    ['', 'line 1: the file is empty'],
    ['{}\n', 'line 1: is of no known kind'],
    ['\u0000\n', /^line 1: /],
    ['{"kind":"header","format":"x"}\n', /^line 1: /],
    ['null\n', /^line 1: /],
    [`${JSON.stringify({ ...HEADER, keys: [{ id: 'k', publicKey: { length: 4e9 } }] })}\n`, 'line 1: keys are not as they should be'],
    [`${JSON.stringify({ ...HEADER, keys: [{ id: 'k', publicKey: X25519 }] })}\n`, 'line 1: keys: k is not an Ed25519 key'],
  ])('that %j is no export', async (text, reason) => {
    expect(await printed([text])).toMatch(reason)
  })
})

describe('verify ends, whatever an export holds,', () => {
  it.each<[string, Json]>([
    ['number', { previousHash: 7 }],
    ['list of any length', { previousHash: { length: 4e9 } }],
  ])('a %s as a previous hash', async (_, change) => {
    expect(await printed(edited(lineOf('event', 5), (line) => ({ ...line, ...change })))).toBe('position 5: line 6 of the file: previousHash is not a string')
  })

  it('a seal of no events', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const start = { number: 0, firstPosition: 1, lastPosition: 0, epoch: 1, xid: '1', sequence: 1, previousHash: Buffer.alloc(32), sealedAt: new Date() }
    const hash = sealHash({ ...start, number: 1, merkleRoot: Buffer.alloc(32) })
    const seal = { ...start, number: 1, merkleRoot: Buffer.alloc(32), leaves: Buffer.alloc(0), hash, keyId: 'k', signature: sign(null, hash, privateKey) }
    const file = [headerLine(ISSUER, WHOLE_LOG, new Map([['k', { publicKey }]])), sealLine(seal), { kind: 'end', seals: 1, events: 0 }]
    expect(await printed(file.map((line) => `${JSON.stringify(line)}\n`))).toBe(
      'seal 1 (positions 1..0): was edited: its list of event hashes does not match its signed root',
    )
  })
})

describe('the export command', () => {
  it('writes a file that verify reads without configuration', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-export-'))
    const file = path.join(folder, 'log.jsonl')
    expect(await execute(process.execPath, [MAIN, 'export', '--out', file], { env })).toEqual({ stdout: '', stderr: '' })
    expect(await readFile(file, 'utf8')).toBe(lines.join(''))
    const { stdout } = await execute(process.execPath, [MAIN, 'verify', '--export', file], { env: {} })
    await rm(folder, { recursive: true })
    expect(stdout).toMatch(
      /^verified 12 events in 3 seals, 4 streams: last position 12, head seal 3 [0-9a-f]{64}, 0 not sealed yet; signed with key \S+, taken from the file: --checkpoint confirms it\n$/,
    )
  })

  it('goes through a pipe', async () => {
    const { stdout } = await execute('sh', ['-c', `"${process.execPath}" ${MAIN} export | "${process.execPath}" ${MAIN} verify --export - --json`], { env })
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, events: 12 })
  })

  it('ends quietly when its reader has read enough', async () => {
    const child = spawn(process.execPath, [MAIN, 'export'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.stdout.destroy()
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
    expect(stderr).toBe('')
  })

  it('leaves no half file behind', async () => {
    await expect(execute(process.execPath, [MAIN, 'export', '--out', '/nowhere/log.jsonl'], { env })).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ENOENT'),
    })
  })
})
