import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Runner } from './embedded-account.js'
import { type Binaries, EmbeddedPostgresError } from './embedded-binaries.js'

/** After this long a fast shutdown becomes an immediate one; the whole service has 10 s to stop. */
export const STOP_MS = 5000
const START_MS = 30_000

/** Nothing of this process's environment, where secrets may stand, goes to the server's account. */
export const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' }

/**
 * Ties the server's life to ours: fd 3 is a pipe from this process, and its end, kill -9 included, becomes a fast shutdown.
 * The reader must not hold stderr: this process would wait for stderr to close, and the reader for this process to end.
 */
const WATCH = `"$@" 3<&- & P=$!
{ read -r _ <&3; kill -INT $P; } >/dev/null 2>&1 & W=$!
exec 3<&-
trap 'kill -INT $P' TERM INT
wait $P; R=$?
while kill -0 $P 2>/dev/null; do wait $P; R=$?; done
kill $W 2>/dev/null
exit $R`

export interface Server {
  pid: number
  died: Promise<string>
  stop(): Promise<void>
}

/**
 * Starts the server over an existing cluster and waits until it takes connections.
 * Errors: EmbeddedPostgresError with the server's last words.
 */
export async function startServer(bin: Binaries, runner: Runner, data: string, sockets: string, settings: Record<string, string | number>): Promise<Server> {
  const deadline = performance.now() + START_MS
  for (;;) {
    try {
      return await launch(bin, runner, data, sockets, settings)
    } catch (error) {
      // The backends of a killed server let go of its memory one by one.
      const passing = /pre-existing shared memory block/.test((error as Error).message)
      if (!passing || performance.now() > deadline) throw error
      await pause(100)
    }
  }
}

async function launch(
  bin: Binaries,
  { prefix, ...account }: Runner,
  data: string,
  sockets: string,
  settings: Record<string, string | number>,
): Promise<Server> {
  // Statements, which may carry what must not be logged, stay out of the server's log: log_min_messages.
  const all = { listen_addresses: '', timezone: 'UTC', log_timezone: 'UTC', log_min_messages: 'log', log_min_error_statement: 'panic', ...settings }
  const args = ['-D', data, '-k', sockets, '-p', '5432', ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  // Detached: a terminal's Ctrl-C reaches us, not the server.
  const child = spawn('/bin/sh', ['-c', WATCH, 'watch', ...prefix, bin.postgres, ...args], {
    ...account,
    cwd: '/',
    env: ENVIRONMENT,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const leash = child.stdio[3] as Socket
  leash.on('error', () => undefined)
  let log = ''
  const exited = new Promise<string>((done) => {
    child.once('error', (error) => done(error.message)).once('exit', () => done(oneLine(log)))
  })
  const ready = new Promise<void>((done) => {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4000)
      if (log.includes('ready to accept connections')) done()
    })
  })
  const failed = await Promise.race([ready, exited])
  if (typeof failed === 'string') throw new EmbeddedPostgresError(`DATA_DIR: PostgreSQL does not start over ${data}: ${failed}`)
  const pid = Number.parseInt(await readFile(path.join(data, 'postmaster.pid'), 'utf8'), 10)
  letUsEnd(child, leash)
  let stopping = false
  return {
    pid,
    died: new Promise((done) => void exited.then((words) => stopping || done(words))),
    async stop() {
      stopping = true
      leash.destroy()
      const hurry = setTimeout(() => tryKill(pid, 'SIGQUIT'), STOP_MS)
      await exited
      clearTimeout(hurry)
    },
  }
}

/** None of these keeps this process up. */
function letUsEnd(child: ChildProcess, leash: Socket): void {
  child.unref()
  leash.unref()
  ;(child.stderr as Socket).unref()
}

export function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended in the meantime.
  }
}

export const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, '; ')
