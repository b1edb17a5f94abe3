import { execFile, spawn } from 'node:child_process'
import { constants, readFileSync } from 'node:fs'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { EmbeddedPostgresError } from './embedded-binaries.js'

/** A predecessor that was killed a moment ago may still be letting go of its files. */
const GRACE_MS = 2000
/** <fcntl.h> on macOS; there open(2) takes the lock itself. */
const O_EXLOCK = 0x20

/**
 * One instance per directory: an flock(2) on `<dir>/lock`, which the kernel drops when its holder dies, however it dies.
 * Held until the returned handle is closed. Errors: EmbeddedPostgresError naming the holder.
 */
export async function lockDirectory(dir: string): Promise<FileHandle> {
  const file = path.join(dir, 'lock')
  const deadline = performance.now() + GRACE_MS
  for (;;) {
    const handle = await tryLock(file)
    if (handle) {
      await handle.truncate()
      await handle.write(String(process.pid), 0)
      return handle
    }
    if (performance.now() > deadline) break
    await pause(50)
  }
  const holder = await readFile(file, 'utf8').catch(() => 'unknown')
  throw new EmbeddedPostgresError(
    `DATA_DIR: ${path.dirname(dir)} is in use by another instance (process ${holder}); give each its own, for example DATA_DIR=.data-2`,
  )
}

async function tryLock(file: string): Promise<FileHandle | undefined> {
  const flags = constants.O_RDWR | constants.O_CREAT
  if (process.platform === 'darwin') return open(file, flags | O_EXLOCK | constants.O_NONBLOCK, 0o600).catch(ignoreBusy)
  const handle = await open(file, flags, 0o600)
  // flock(1) locks the open file that it inherits; its own end does not release what this process keeps open.
  const status = await new Promise<number | string>((done) => {
    const child = spawn('flock', ['--exclusive', '--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', handle.fd] })
    child.once('exit', (code) => done(code ?? 1)).once('error', (error: NodeJS.ErrnoException) => done(error.code ?? 1))
  })
  // Without flock(1) PostgreSQL's own lock file still keeps a second server away.
  if (status === 0 || status === 'ENOENT') return handle
  await handle.close()
  return undefined
}

function ignoreBusy(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EAGAIN') throw error
}

/**
 * Whether `pid` runs a server over `data`. Neither an unreaped zombie nor a stranger that was given the number after a reboot counts,
 * though both answer kill(pid, 0).
 */
export async function servesFrom(pid: number, data: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid < 1) return false
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      if ('ZX'.includes(stat.charAt(stat.lastIndexOf(')') + 2))) return false
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(data)
    } catch {
      return false
    }
  }
  return new Promise((done) => execFile('ps', ['-o', 'stat=,command=', '-p', String(pid)], (_, line) => done(!line.startsWith('Z') && line.includes(data))))
}
