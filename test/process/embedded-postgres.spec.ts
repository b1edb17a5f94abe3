import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { eventually } from '../support/eventually.js'
import { isAlive, preparedFolder, ROOT, temporaryFolder } from '../support/service.js'

const isRoot = process.getuid?.() === 0
const NOBODY = 65534
const parents: string[] = []
const servers: EmbeddedPostgres[] = []
const parent = (make = temporaryFolder): string => parents[parents.push(make()) - 1]!
const start = async (folder: string): Promise<EmbeddedPostgres> =>
  servers[servers.push(await startEmbeddedPostgres({ dir: path.join(folder, 'postgres') })) - 1]!

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  for (const folder of parents) rmSync(folder, { recursive: true, force: true })
})

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client(url)
  client.on('error', () => undefined)
  await client.connect()
  try {
    return Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0]
  } finally {
    await client.end()
  }
}

/** A Node of its own that starts the server, says its URL, and stays. */
async function holder(folder: string, account: { uid?: number; gid?: number } = {}): Promise<{ child: ChildProcess; url: string; pid: number }> {
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(path.join(ROOT, 'dist/src/database/embedded-postgres.js'))})
    const server = await startEmbeddedPostgres({ dir: ${JSON.stringify(path.join(folder, 'postgres'))} })
    console.log(JSON.stringify({ url: server.url('postgres'), pid: server.pid }))
    setInterval(() => {}, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { ...account, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise<string>((done, fail) => {
    child.stdout.setEncoding('utf8').once('data', done)
    child.once('exit', (code) => fail(new Error(`exited with ${code}`)))
  })
  return { child, ...(JSON.parse(line) as { url: string; pid: number }) }
}

test('is durable, listens on no port, and keeps its data over a stop', async () => {
  const folder = parent()
  const first = await start(folder)
  expect(
    await ask(
      first.url('postgres'),
      `select string_agg(setting, ',' order by name) from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses')`,
    ),
  ).toBe('on,on,,on')
  await ask(first.url('postgres'), 'create table kept as select 7 as n')
  await first.stop()
  expect(isAlive(first.pid)).toBe(false)
  const second = await start(folder)
  expect(await ask(second.url('postgres'), 'select n from kept')).toBe(7)
})

test('refuses a second instance by name and leaves the first alone', async () => {
  const folder = parent(preparedFolder)
  const first = await start(folder)
  await expect(startEmbeddedPostgres({ dir: path.join(folder, 'postgres') })).rejects.toThrow(
    `DATA_DIR: ${folder} is in use by another instance (process ${process.pid})`,
  )
  expect(await ask(first.url('postgres'), 'select 1')).toBe(1)
})

test('lets only one of several through that start at once', async () => {
  const folder = parent()
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => start(folder)))
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
})

test('the server ends with a Node that was killed, and its successor starts at once with all that was committed', async () => {
  const folder = parent(preparedFolder)
  for (let n = 1; n <= 4; n++) {
    const { child, url } = await holder(folder)
    await ask(url, n === 1 ? 'create table kept as select 1 as n' : 'update kept set n = n + 1')
    child.kill('SIGKILL')
  }
  const successor = await start(folder)
  expect(await ask(successor.url('postgres'), 'select n from kept')).toBe(4)
})

test('the server ends although nobody takes its place', async () => {
  const { child, pid } = await holder(parent(preparedFolder))
  child.kill('SIGKILL')
  await eventually(() => !isAlive(pid))
})

test('starts over the locks of a server that was killed with its Node', async () => {
  const folder = parent(preparedFolder)
  const { child, url, pid } = await holder(folder)
  await ask(url, 'create table kept as select 1 as n')
  child.kill('SIGKILL')
  process.kill(pid, 'SIGKILL')
  expect(await ask((await start(folder)).url('postgres'), 'select n from kept')).toBe(1)
})

test('says when the server dies, with its last words', async () => {
  const server = await start(parent(preparedFolder))
  process.kill(server.pid, 'SIGKILL')
  expect(await server.died).toContain('ready to accept connections')
})

test('works under a path that is too long for a socket', async () => {
  const folder = path.join(parent(), 'x'.repeat(100))
  mkdirSync(folder)
  const server = await start(folder)
  expect(await ask(server.url('postgres'), 'select 1')).toBe(1)
  const sockets = decodeURIComponent(/@([^/]+)\//.exec(server.url('postgres'))![1]!)
  await server.stop()
  rmSync(sockets, { recursive: true })
})

const asRoot = isRoot ? test : test.skip

asRoot('as root runs under an account that exists, and DATA_DIR stays closed', async () => {
  const folder = parent()
  const server = await start(folder)
  expect(readFileSync(`/proc/${server.pid}/status`, 'utf8')).not.toMatch(/^Uid:\s+0\b/m)
  expect((statSync(folder).mode & 0o777).toString(8)).toBe('700')
})

asRoot('as root leaves a folder that holds anything else as it is', async () => {
  const folder = parent()
  mkdirSync(path.join(folder, 'of-somebody-else'))
  await start(folder).catch(() => undefined)
  expect(statSync(folder).uid).toBe(0)
})

asRoot('runs as another user', async () => {
  const folder = parent()
  chownSync(folder, NOBODY, NOBODY)
  const { child, pid } = await holder(folder, { uid: NOBODY, gid: NOBODY })
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\s+65534\b/m)
  child.kill('SIGKILL')
  await eventually(() => !isAlive(pid))
  expect(await ask((await start(folder)).url('postgres'), 'select 1')).toBe(1)
})

asRoot('under folders that no account may enter runs in a user namespace or says what to do', async () => {
  const closed = parent()
  mkdirSync(path.join(closed, 'data'), { mode: 0o700 })
  writeMarker(closed)
  const outcome = await start(path.join(closed, 'data')).then(
    (server) => ask(server.url('postgres'), 'select 1'),
    (error: Error) => error.message,
  )
  expect([1, expect.stringMatching(/^DATA_DIR: as root .* set DATABASE_URL/)]).toContainEqual(outcome)
})

function writeMarker(folder: string): void {
  mkdirSync(path.join(folder, 'of-somebody-else'))
  chmodSync(folder, 0o700)
}
