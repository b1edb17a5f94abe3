import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { verifyDatabase } from '../../src/cli/verify.js'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { migrate } from '../../src/database/migrate.js'
import { ISSUER, LogFixture } from './log-fixture.js'

// Each test makes a database of its own, or runs commands as processes.
const execute = promisify(execFile)
const KEY = Buffer.alloc(32, 7).toString('base64')

interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The command as an operator runs it, from the build that `npm test` made. */
async function evergrant(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  try {
    return { code: 0, ...(await execute(process.execPath, ['dist/src/cli/main.js', ...args], { env: { PATH: process.env['PATH'], ...env } })) }
  } catch (error) {
    return error as Run
  }
}

let log: LogFixture
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  log = await LogFixture.withLog(Buffer.from(KEY, 'base64'))
  folder = await mkdtemp(path.join(tmpdir(), 'evergrant-verify-'))
  env = { DATABASE_URL: log.url, ENCRYPTION_KEY: KEY, ISSUER_URL: ISSUER }
})
afterAll(async () => {
  await log.close()
  await rm(folder, { recursive: true })
})

describe('verify', () => {
  it('finds an untouched log intact', async () => {
    const result = await verifyDatabase(log.url, log.rootKeys, ISSUER)
    expect(result).toMatchObject({ ok: true, log: { events: 13, seals: 3, streams: 4, unsealed: 1, head: { number: 3, lastPosition: 12 } } })
  })

  it('finds an empty log intact', async () => {
    const empty = await LogFixture.create()
    expect(await verifyDatabase(empty.url, empty.rootKeys, ISSUER)).toMatchObject({ ok: true, log: { events: 0, seals: 0, streams: 0 } })
    await empty.close()
  })

  it('verifies while writers write', async () => {
    const busy = await LogFixture.withLog()
    let writing = true
    const writer = (async () => {
      for (let n = 0; writing; n++) {
        await busy.add(`w${n % 7}`, 'writer')
        if (n % 5 === 0) await busy.seal()
      }
    })()
    for (let n = 0; n < 10; n++) expect(await verifyDatabase(busy.url, busy.rootKeys, ISSUER)).toMatchObject({ ok: true })
    writing = false
    await writer
    await busy.close()
  })

  it('says in one line what it verified', async () => {
    const { code, stdout, stderr } = await evergrant(['verify'], env)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^verified 13 events in 3 seals, 4 streams: last position 12, head seal 3 [0-9a-f]{64}, 1 not sealed yet\n$/)
  })

  it('speaks JSON to machines', async () => {
    const { stdout } = await evergrant(['verify', '--json'], env)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, events: 13, seals: 3, streams: 4, unsealed: 1, lastPosition: 12, sealNumber: 3 })
  })

  it('writes a checkpoint that the log then holds', async () => {
    const file = path.join(folder, 'checkpoint.json')
    expect((await evergrant(['verify', '--write-checkpoint', file], env)).code).toBe(0)
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ format: 'evergrant-checkpoint-1', issuer: ISSUER, sealNumber: 3, lastPosition: 12 })
    expect(await evergrant(['verify', '--checkpoint', file, '--write-checkpoint', file], env)).toMatchObject({ code: 0 })
  })

  it("refuses a log whose key is not the service's", async () => {
    const planted = await LogFixture.withLog(Buffer.from(KEY, 'base64'))
    await planted.resealWithNewKey()
    const { code, stdout } = await evergrant(['verify'], { ...env, DATABASE_URL: planted.url })
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^seal 1 \(positions 1\.\.\d+\): is signed by key \S+, which is not this service's: its private half does not open under ENCRYPTION_KEY\n$/,
    )
    await planted.close()
  })

  it('does not take a wrong ENCRYPTION_KEY for a flaw of the log', async () => {
    const [id] = log.rootKeys.ids
    const line = `evergrant: verify: ENCRYPTION_KEY: the key with id ${id}, which data in log_keys, data_keys is encrypted under, is not in the list\n`
    expect(await evergrant(['verify'], { ...env, ENCRYPTION_KEY: Buffer.alloc(32, 8).toString('base64') })).toMatchObject({ code: 2, stdout: '', stderr: line })
    expect(await evergrant(['verify', '--json'], { ...env, ENCRYPTION_KEY: Buffer.alloc(32, 8).toString('base64') })).toMatchObject({ code: 2, stdout: '' })
    expect(await evergrant(['verify'], { ...env, ENCRYPTION_KEY: `${Buffer.alloc(32, 8).toString('base64')},${KEY}` })).toMatchObject({ code: 0 })
  })

  it.each([
    [['verify', '--nonsense'], /^evergrant: verify: Unknown option '--nonsense'/],
    [['verify', 'position'], /^evergrant: verify: Unexpected argument 'position'/],
    [['export', '--from', 'x'], /--from: x is not a position/],
    [['export', '--from', '5', '--to', '2'], /--to: 2 comes before --from 5/],
    [['rebuild', 'nonsense'], /there is no projection nonsense/],
    [['nonsense'], /^evergrant: there is no command nonsense/],
    [['toString'], /^evergrant: there is no command toString/],
    [['verify', '--checkpoint', '/nowhere'], /--checkpoint \/nowhere: ENOENT/],
    [['verify', '--export', '/nowhere'], /ENOENT/],
  ])('refuses %j with exit code 2', async (args, reason) => {
    const { code, stdout, stderr } = await evergrant(args, env)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(reason)
    expect(stderr.trimEnd()).not.toContain('\n')
  })

  it('says what is missing in the configuration, with exit code 2', async () => {
    expect(await evergrant(['verify'], { DATABASE_URL: log.url })).toMatchObject({ code: 2, stderr: expect.stringContaining('ENCRYPTION_KEY') })
    expect(await evergrant(['verify'], { DATA_DIR: path.join(folder, 'none') })).toMatchObject({ code: 2 })
    const unreachable = { ...env, DATABASE_URL: 'postgres://postgres@127.0.0.1:1/none' }
    expect(await evergrant(['verify'], unreachable)).toMatchObject({ code: 2, stderr: expect.stringContaining('ECONNREFUSED') })
  })

  it('refuses a checkpoint that is none, with exit code 2', async () => {
    const file = path.join(folder, 'wrong.json')
    await writeFile(file, '{"format":"something"}')
    expect(await evergrant(['verify', '--checkpoint', file], env)).toMatchObject({ code: 2, stderr: expect.stringContaining('evergrant-checkpoint-1') })
    expect((await evergrant(['verify', '--write-checkpoint', file], env)).code).toBe(0)
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), publicKey: 'AAAA' }))
    const told = expect.stringContaining('publicKey is not an Ed25519 key')
    expect(await evergrant(['verify', '--checkpoint', file], env)).toMatchObject({ code: 2, stderr: told })
  })

  it('reads the embedded database, be it running or not, and leaves it as it was', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'evergrant-cli-'))
    await mkdir(path.join(dataDir, 'secrets'))
    await writeFile(path.join(dataDir, 'secrets', 'encryption-key'), `${KEY}\n`)
    const server = await startEmbeddedPostgres({ dir: path.join(dataDir, 'postgres') })
    try {
      await migrate(server.url('postgres'))
      expect(await evergrant(['verify'], { DATA_DIR: dataDir })).toMatchObject({ code: 0, stdout: expect.stringContaining('verified 0 events') })
      expect((await evergrant(['rebuild'], { DATA_DIR: dataDir })).stdout).toContain('refresh_tokens  position 0, 0 behind, 0 failed')
    } finally {
      await server.stop()
    }
    for (let n = 0; n < 2; n++) expect(await evergrant(['verify'], { DATA_DIR: dataDir })).toMatchObject({ code: 0 })
    await rm(dataDir, { recursive: true })
  })

  it('lists a projection that stands ahead of the log as that, with exit code 1', async () => {
    await log.intruder.query(`insert into checkpoints (name, position) values ('sessions', 100012)`)
    expect(await evergrant(['rebuild'], env)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^sessions {2}position 100012, 100000 ahead of the log, 0 failed$/m),
    })
    const { code, stdout } = await evergrant(['fold'], env)
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^reader sessions: stands at position 100012, but the newest seal ends at 12$/m)])
    await log.intruder.query('delete from checkpoints')
  })

  it.each(['verify', 'export', 'fold', 'rebuild'])('explains %s', async (command) => {
    expect(await evergrant([command, '--help'])).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(`^Usage: evergrant ${command} `) })
  })
})
