import { type ChildProcess, fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { bearStreams, STREAMS } from '../append-statement.js'
import { cpuOfTree } from '../process-cpu.js'
import { freePort } from './instance.js'
import type { HttpSeed } from './seed.js'

/** What its processes are told; bytes as base64. */
export interface FloorTask {
  readonly port: number
  readonly databaseUrl: string
  readonly privateKey: string
  readonly accessClaims: Readonly<Record<string, unknown>>
  readonly idClaims: Readonly<Record<string, unknown>>
  readonly rotation: Omit<HttpSeed['rotation'], 'hash'> & { readonly hash: string }
}

/** The variable that holds its FloorTask, for all of its processes. */
export const FLOOR_TASK = 'FLOOR_TASK'

/** The raw server of floor-process.ts. */
export class Floor {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
  ) {}

  static async start(databaseUrl: string, { rotation, accessClaims, idClaims }: HttpSeed): Promise<Floor> {
    await bearStreams(databaseUrl, rotation)
    const port = await freePort()
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const task: FloorTask = {
      port,
      databaseUrl,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      accessClaims,
      idClaims,
      rotation: { ...rotation, hash: rotation.hash.toString('base64') },
    }
    const env = { ...process.env, [FLOOR_TASK]: JSON.stringify(task) }
    const child = fork(fileURLToPath(new URL('floor-process.js', import.meta.url)), { env, stdio: ['ignore', 2, 2, 'ipc'] })
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('the raw server ended')))
    await Promise.race([once(child, 'message'), ended])
    return new Floor(port, child)
  }

  /** CPU time in µs of its primary and its workers. */
  readonly cpu = (): Promise<number | undefined> => cpuOfTree(this.child.pid!)

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit')
    this.child.disconnect()
    await gone
  }
}

/** A token for each stream, as long as a refresh token: it says which stream it moves, and from which version. */
export const floorTokens = (): string[] => Array.from({ length: STREAMS }, (_, stream) => floorToken(stream, 1))

const PREFIX = 'v1.'
const DIGITS = 35

export const floorToken = (stream: number, version: number): string => PREFIX + [stream, version].map((n) => String(n).padStart(DIGITS, '0')).join('')

export function placeOf(token: string): { stream: number; version: number } {
  const [stream, version] = [0, DIGITS].map((from) => Number(token.slice(PREFIX.length + from, PREFIX.length + from + DIGITS)))
  return { stream: stream!, version: version! }
}
