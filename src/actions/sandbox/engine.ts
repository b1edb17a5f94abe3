import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** The engine cannot run here; the message is one sentence for the operator. */
export class EngineError extends Error {
  override name = 'EngineError'
}

/** What is around the engine's own permissions, from the strongest down (docs/adr/0007-actions.md). */
export type OsLayer = 'own user' | 'no new privileges' | 'none'

export interface Engine {
  readonly layer: OsLayer
  /** Starts a runner with these permissions of the network (network.ts); it exits when its input ends, and dies with this process. */
  start(network: readonly string[]): ChildProcess
}

const HEAP_MB = 64
const PROBE_MS = 10_000

/**
 * Nothing of this process's environment goes to a runner, which is denied these few as well: could it set any, the engine would take a proxy from
 * there, past its own rules about addresses. DENO_DIR is a place where nothing can be written.
 */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  TZ: 'UTC',
  NO_COLOR: '1',
  DENO_DIR: '/dev/null/deno',
  DENO_NO_UPDATE_CHECK: '1',
}

/** No core files, which would hold secrets, and few open files. */
const LIMITED = 'ulimit -c 0; ulimit -n 256; exec "$@"'

/** systemd gives such numbers to users that exist only while a service runs, so nothing here belongs to them. */
const FIRST_UID = 61_184
const UIDS = 4000

let found: Promise<Engine> | undefined

/** The engine of this platform with the strongest layer that works here; tried out once. Errors: EngineError. */
export function findEngine(): Promise<Engine> {
  found ??= tryOut().catch((error: unknown) => {
    found = undefined
    throw error
  })
  return found
}

async function tryOut(): Promise<Engine> {
  const binary = enginePath()
  const program = await programAddress()
  for (const layer of ['own user', 'no new privileges', 'none'] as const) {
    const engine = { layer, start: (network: readonly string[]) => launch(layer, [binary, ...FLAGS, ...network, program]) }
    if (await works(engine)) return engine
  }
  throw new EngineError(`the Actions engine ${binary} does not run on this machine`)
}

function enginePath(): string {
  const { platform, arch } = process
  const name = `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`
  try {
    const path = createRequire(import.meta.url)
      .resolve(`${name}/package.json`)
      .replace(/package\.json$/, 'deno')
    accessSync(path, constants.X_OK)
    return path
  } catch {
    throw new EngineError(`the Actions engine ${name} is not installed, so no Action can run here`)
  }
}

/** The program as it was built; in the sources, where it is TypeScript in many files, one text that is made of them. */
async function programAddress(): Promise<string> {
  if (!import.meta.url.endsWith('.ts')) return fileURLToPath(new URL('../runner/main.js', import.meta.url))
  const { build } = await import('esbuild')
  const entry = fileURLToPath(new URL('../runner/main.ts', import.meta.url))
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: 'esm', platform: 'node', target: 'es2023' })
  return `data:text/javascript;base64,${Buffer.from(outputFiles[0]!.contents).toString('base64')}`
}

const FLAGS = [
  'run',
  '--quiet',
  '--no-prompt',
  '--no-remote',
  '--no-npm',
  '--no-config',
  '--no-lock',
  '--no-code-cache',
  '--deny-import',
  '--deny-read',
  '--deny-write',
  '--deny-run',
  '--deny-ffi',
  '--deny-sys',
  '--deny-env',
  `--v8-flags=--max-old-space-size=${HEAP_MB}`,
]

let started = 0

function launch(layer: OsLayer, command: readonly string[]): ChildProcess {
  return spawn('/bin/sh', ['-c', LIMITED, 'runner', ...PREFIXES[layer](), ...command], { cwd: '/', env: ENVIRONMENT, stdio: ['pipe', 'pipe', 'pipe'] })
}

const PRIVILEGES = ['setpriv', '--no-new-privs', '--pdeathsig', 'KILL']
const PREFIXES: Readonly<Record<OsLayer, () => string[]>> = {
  'own user': () => {
    const id = String(FIRST_UID + (started++ % UIDS))
    return [...PRIVILEGES, '--reuid', id, '--regid', id, '--clear-groups', '--bounding-set=-all', '--inh-caps=-all']
  },
  'no new privileges': () => PRIVILEGES,
  none: () => [],
}

/** A runner whose input has ended exits with 0 once its program could be read and run. */
async function works(engine: Engine): Promise<boolean> {
  if (engine.layer === 'own user' && process.getuid?.() !== 0) return false
  if (engine.layer !== 'none' && process.platform !== 'linux') return false
  const child = engine.start([])
  const code = await new Promise<number | null>((done) => {
    const impatient = setTimeout(() => child.kill('SIGKILL'), PROBE_MS)
    child.once('error', () => done(null)).once('close', (status) => done(status))
    child.once('close', () => clearTimeout(impatient))
    child.stdin!.on('error', () => undefined).end()
    child.stdout!.resume()
    child.stderr!.resume()
  })
  return code === 0
}
