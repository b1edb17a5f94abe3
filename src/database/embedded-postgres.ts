import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, lstat, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { chooseRunner, type Runner } from './embedded-account.js'
import { type Binaries, embeddedBinaries, EmbeddedPostgresError } from './embedded-binaries.js'
import { lockDirectory, servesFrom } from './embedded-lock.js'
import { ENVIRONMENT, oneLine, startServer, STOP_MS, tryKill } from './embedded-server.js'

export { EmbeddedPostgresError }

const run = promisify(execFile)

export interface EmbeddedPostgres {
  /** Connection string of one database, over the unix socket. */
  url(database: string): string
  /** Settles when the server ends without `stop` having been called, with its last words. */
  readonly died: Promise<string>
  /** The postmaster's process id, for tests that kill it. */
  readonly pid: number
  /** Fast shutdown; the directory is free for another instance afterwards. */
  stop(): Promise<void>
}

interface EmbeddedOptions {
  /** The cluster's own folder. Its parent is DATA_DIR and must exist. */
  dir: string
  /** Server settings; PostgreSQL's durable defaults (fsync, synchronous_commit) hold unless named here. */
  settings?: Record<string, string | number>
}

/** sockaddr_un holds 107 bytes, and the server adds "/.s.PGSQL.5432". */
const MAX_SOCKET_DIR_BYTES = 107 - 14

/**
 * Starts PostgreSQL from the npm package, making the cluster at first; no port, a unix socket in the folder.
 * After kill -9 of a predecessor it first waits for, or ends, what is left of it.
 * Errors: EmbeddedPostgresError, in one sentence, where another instance uses the folder or the server cannot run.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dir = path.resolve(options.dir)
  const data = path.join(dir, 'data')
  const bin = await embeddedBinaries()
  await mkdir(dir, { mode: 0o700 }).catch(ignoreExisting)
  const lock = await lockDirectory(dir)
  try {
    const runner = await chooseRunner(bin, dir, data)
    await makeCluster(bin, runner, data)
    const sockets = await socketDirectory(dir, runner)
    await endPredecessor(data, sockets)
    const server = await startServer(bin, runner, data, sockets, options.settings ?? {})
    return {
      url: (database) => `postgres://postgres@${encodeURIComponent(sockets)}/${database}`,
      died: server.died,
      pid: server.pid,
      async stop() {
        await server.stop()
        await lock.close()
      },
    }
  } catch (error) {
    await lock.close()
    throw error
  }
}

async function makeCluster(bin: Binaries, { prefix, ...account }: Runner, data: string): Promise<void> {
  if (existsSync(path.join(data, 'PG_VERSION'))) return
  // Renamed when whole: an initdb that was killed leaves nothing that looks like a cluster.
  const fresh = `${data}.init`
  await rm(fresh, { recursive: true, force: true })
  const command = [
    ...prefix,
    bin.initdb,
    '-D',
    fresh,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale-provider=builtin',
    '--locale=C.UTF-8',
    '--no-instructions',
  ]
  await run(command[0]!, command.slice(1), { ...account, cwd: '/', env: ENVIRONMENT }).catch((error: Error & { stderr?: string }) => {
    throw new EmbeddedPostgresError(`DATA_DIR: ${path.dirname(data)} cannot take a database cluster: ${oneLine(error.stderr || error.message)}`)
  })
  await rename(fresh, data)
}

async function socketDirectory(dir: string, { uid, gid }: Runner): Promise<string> {
  const near = path.join(dir, 's')
  const short = Buffer.byteLength(near) <= MAX_SOCKET_DIR_BYTES
  const sockets = short ? near : path.join(os.tmpdir(), `evergrant-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`)
  await mkdir(sockets, { mode: 0o700 }).catch(ignoreExisting)
  const found = await lstat(sockets)
  const owners = [process.getuid?.(), uid]
  if (!found.isDirectory() || !owners.includes(found.uid))
    throw new EmbeddedPostgresError(
      `DATA_DIR: ${sockets}, needed because the path of ${dir} is long, belongs to another user; choose a shorter one, for example DATA_DIR=/var/lib/evergrant`,
    )
  await chmod(sockets, 0o700)
  if (uid !== undefined && gid !== undefined) await chown(sockets, uid, gid)
  return sockets
}

/** We hold the folder's lock, so a server that still runs here has lost its master and is ending, or must. */
async function endPredecessor(data: string, sockets: string): Promise<void> {
  const pidFile = path.join(data, 'postmaster.pid')
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10)
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!(await servesFrom(pid, data))) break
    tryKill(pid, signal)
    await until(async () => !(await servesFrom(pid, data)), STOP_MS)
  }
  // PostgreSQL takes an unreaped zombie for a live server and would refuse to start over these.
  const locks = (await readdir(sockets)).filter((name) => name.endsWith('.lock')).map((name) => path.join(sockets, name))
  for (const file of [pidFile, ...locks]) await rm(file, { force: true })
}

async function until(done: () => Promise<boolean>, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await done()) && performance.now() < deadline) await pause(10)
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
