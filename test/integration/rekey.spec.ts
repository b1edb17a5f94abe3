import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { rekeyDatabase } from '../../src/cli/rekey.js'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { LogKey } from '../../src/keys/log-key.js'
import { PersonKeyStore } from '../../src/keys/person-key-store.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { freshDatabase } from '../support/database.js'
import { eventually } from '../support/eventually.js'

const execute = promisify(execFile)
const [OLDEST, OLDER, NEWEST] = [1, 2, 3].map((n) => Buffer.alloc(32, n)) as [Buffer, Buffer, Buffer]
const older = new RootKeys([OLDER])
const both = new RootKeys([NEWEST, OLDER])
const newest = new RootKeys([NEWEST])
const [[oldestId], [olderId]] = [new RootKeys([OLDEST]).ids, older.ids]
/** More than two batches. */
const PEOPLE = Array.from({ length: 1200 }, (_, n) => `auth0|${n}`)

const open: (() => Promise<unknown>)[] = []
afterAll(() => Promise.all(open.map((close) => close())))

/** With a log key and people's keys under the older key. */
async function database() {
  const url = await freshDatabase()
  const [pool, owner] = [createPool(url, 4), createOwnerClient(url)]
  await owner.connect()
  open.push(
    () => pool.end(),
    () => owner.end(),
  )
  await LogKey.load(pool, older)
  const keys = new Map((await new PersonKeyStore(pool, older).findOrCreate(PEOPLE)).map(({ id, key }) => [id, key]))
  const keysUnder = async (rootKeys: RootKeys) =>
    new Map((await new PersonKeyStore(pool, rootKeys).find([], PEOPLE)).map(({ id, key }): [string, Buffer] => [id, key]))
  const rekey = async (db = owner): Promise<{ left: number; lines: string[] }> => {
    const lines: string[] = []
    return { left: await rekeyDatabase(db, both, (line) => lines.push(line)), lines }
  }
  return { url, pool, owner, keys, keysUnder, rekey }
}

/** The command as an operator runs it, from the build that `npm test` made. */
async function evergrant(args: readonly string[], url: string, ...encryptionKeys: readonly Buffer[]) {
  const env = { PATH: process.env['PATH'], DATABASE_URL: url, ENCRYPTION_KEY: encryptionKeys.map((key) => key.toString('base64')).join(',') }
  const { code = 0, stdout, stderr } = (await execute(process.execPath, ['dist/src/cli/main.js', ...args], { env }).catch((error: unknown) => error)) as Run
  return { code, stdout, stderr }
}

interface Run {
  readonly code?: number
  readonly stdout: string
  readonly stderr: string
}

it('continues where it was killed', async () => {
  const { url, keys, keysUnder, rekey, pool } = await database()
  const killed = createOwnerClient(url)
  await killed.connect()
  const query = killed.query.bind(killed) as (...args: unknown[]) => Promise<unknown>
  let updates = 0
  killed.query = (async (...args: unknown[]) => {
    const answer = await query(...args)
    if (/^update person_keys/.test(String(args[0])) && ++updates === 2)
      await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where pid = $1', [pid])
    return answer
  }) as typeof killed.query
  const { pid } = ((await query('select pg_backend_pid() as pid')) as { rows: { pid: number }[] }).rows[0]!
  await expect(rekey(killed)).rejects.toThrow()
  await killed.end()
  expect(await keysUnder(both)).toEqual(keys)
  const { left, lines } = await rekey()
  expect({ left, lines }).toEqual({ left: 0, lines: expect.arrayContaining(['log_keys: 0 changed', 'person_keys: 700 changed']) })
  expect(await keysUnder(newest)).toEqual(keys)
})

it('shares the work with another one', async () => {
  const { url, keys, keysUnder, rekey } = await database()
  const second = createOwnerClient(url)
  await second.connect()
  const runs = await Promise.all([rekey(), rekey(second)])
  await second.end()
  const changed = runs.map(({ lines }) => Number(/^person_keys: (\d+) changed$/m.exec(lines.join('\n'))![1]))
  expect(changed[0]! + changed[1]!).toBe(PEOPLE.length)
  expect(await keysUnder(newest)).toEqual(keys)
})

it('holds nothing that a writer needs while it waits for that writer', async () => {
  const { pool, owner, keys, keysUnder, rekey } = await database()
  const [first, second] = [...keys.keys()].sort()
  const writer = await pool.connect()
  const write = (id: string | undefined) => writer.query('update person_keys set created_at = now() where id = $1', [id])
  await writer.query('begin')
  await write(second)
  const { pid } = (await owner.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!
  const rekeyed = rekey()
  await eventually(async () => (await pool.query('select where cardinality(pg_blocking_pids($1)) > 0', [pid])).rowCount === 1)
  await write(first)
  await writer.query('commit')
  writer.release()
  expect(await rekeyed).toMatchObject({ left: 0 })
  expect(await keysUnder(newest)).toEqual(keys)
})

it('leaves what does not open, and says so with exit code 1', async () => {
  const { owner, rekey, pool, url } = await database()
  await new PersonKeyStore(pool, new RootKeys([OLDEST])).findOrCreate(['auth0|lost'])
  await owner.query(`update person_keys set encrypted_key = left(encrypted_key, -4) || 'AAAA' where person_id = 'auth0|7'`)
  await owner.query(`update person_keys set encrypted_key = 'nonsense' where person_id = 'auth0|8'`)
  const { left, lines } = await rekey()
  expect(left).toBe(3)
  const reasons = lines.find((line) => line.startsWith('person_keys'))!
  expect(reasons).toMatch(/^person_keys: 1198 changed, /)
  expect(reasons).toContain(`, 1 left under ${oldestId}, which is not in ENCRYPTION_KEY`)
  expect(reasons).toContain(`, 1 left under ${olderId}: written meanwhile, which a repetition changes, or tampered with`)
  expect(reasons).toContain(', 1 left that this service did not encrypt')
  expect(lines.at(-1)).toBe(`the newest key is ${newest.newestId}: 3 are left under another`)
  expect(await evergrant(['rekey'], url, NEWEST, OLDER)).toMatchObject({ code: 1, stdout: expect.stringContaining('3 are left'), stderr: '' })
})

it('says what it did, with exit code 0; how it is used; and what keeps it from running, with exit code 2', async () => {
  const { url } = await database()
  expect(await evergrant(['rekey'], url, NEWEST, OLDER)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^log_keys: 1 changed\n(\w+: \d+ changed\n)+the newest key is [0-9a-f]{8}: nothing is left under another\n$/),
    stderr: '',
  })
  expect(await evergrant(['rekey', '--help'], url)).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: evergrant rekey') })
  expect(await evergrant(['--help'], url)).toMatchObject({ code: 0, stdout: expect.stringContaining('  rekey    encrypt everything') })
  expect(await evergrant(['rekey', 'now'], url, NEWEST)).toMatchObject({ code: 2, stdout: '' })
  expect(await evergrant(['rekey'], 'postgres://postgres@127.0.0.1:1/none', NEWEST)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('ECONNREFUSED'),
  })
})
