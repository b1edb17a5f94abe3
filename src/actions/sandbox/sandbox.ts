import { type Engine, findEngine, type OsLayer } from './engine.js'
import { networkFlags, type NetworkPolicy, reachesNetwork } from './network.js'
import { ProgramPool, type RunOutcome } from './program-pool.js'
import { type Job, type Program, RunnerProcess } from './runner-process.js'

export interface SandboxLimits {
  /** Of one runner; it is ended beyond. */
  readonly memoryMb: number
  /** Runners of one Action. */
  readonly poolSize: number
  readonly network: NetworkPolicy
}

/** What an operator hears: of the machine, not of what Actions do. */
export interface SandboxLog {
  log(message: string, detail: object): void
  warn(message: string, detail: object): void
  error(message: string, detail: object): void
}

/** How long a job may wait for a runner. */
const WAIT_MS = 5000
/** Programs that keep their runners; beyond, the one unused for longest gives them up. */
const MAX_PROGRAMS = 40
const IDLE_MS = 600_000
const WATCH_BUSY_MS = 20
const WATCH_IDLE_MS = 250
/** The address behind a name may change. */
const NETWORK_MS = 60_000

/**
 * Runs Actions in processes of their own (docs/adr/0007-actions.md). Nothing is started before it is needed. A process ends with the service,
 * however the service ends.
 */
export class Sandbox {
  readonly #pools = new Map<string, Pool>()
  readonly #runners = new Set<RunnerProcess>()
  #running = 0
  #watch: { readonly timer: NodeJS.Timeout; readonly busy: boolean } | undefined
  #closed = false
  #isLayerTold = false

  constructor(
    private readonly limits: SandboxLimits,
    private readonly log?: SandboxLog,
    private readonly find: () => Promise<Engine> = findEngine,
  ) {}

  /** What is around the engine here. Errors: EngineError. */
  async layer(): Promise<OsLayer> {
    return (await findEngine()).layer
  }

  /** Ids of the processes that are there, for who watches over them. */
  get pids(): number[] {
    return [...this.#runners].flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  }

  /** Never fails: what went wrong is the outcome. `deadline`: on the steady clock. */
  run(program: Program, job: Job, deadline: number): Promise<RunOutcome> {
    return this.#while(() => this.#pool(program).run(job, deadline))
  }

  /** In a process that is made for it and ends with it. */
  runOnce(program: Program, job: Job, deadline: number): Promise<RunOutcome> {
    return this.#while(() => this.#make(program).runOnce(job, deadline))
  }

  /** Resolves when each program has a runner, or could not get one. */
  async prewarm(programs: readonly Program[]): Promise<void> {
    if (!this.#closed) await Promise.all(programs.map((program) => this.#pool(program).prewarm()))
  }

  /** Programs that are not among these are not needed any more: what runs finishes. */
  retire(kept: ReadonlySet<string>): void {
    for (const [id, pool] of this.#pools) if (!kept.has(id)) this.#drop(id, pool)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#watch?.timer)
    for (const pool of this.#pools.values()) pool.close()
    this.#pools.clear()
    for (const runner of this.#runners) runner.kill('retired')
  }

  async #while(work: () => Promise<RunOutcome>): Promise<RunOutcome> {
    if (this.#closed) return { kind: 'unavailable' }
    this.#running++
    this.#watchFor(true)
    try {
      return await work()
    } finally {
      this.#running--
    }
  }

  #pool(program: Program): Pool {
    const known = this.#pools.get(program.id)
    if (known) return known
    const pool = this.#make(program)
    this.#pools.set(program.id, pool)
    if (this.#pools.size > MAX_PROGRAMS) {
      const [oldest] = [...this.#pools].filter(([, { busy }]) => !busy).sort(([, a], [, b]) => a.usedAt - b.usedAt)
      if (oldest) this.#drop(...oldest)
    }
    return pool
  }

  #make(program: Program): Pool {
    const { network: policy, poolSize: size } = this.limits
    const network = reachesNetwork(policy, program.allowedHosts)
    return new Pool(program, (onFree) => this.#start(program, network, onFree), !network, { size, waitMs: WAIT_MS })
  }

  async #start(program: Program, network: boolean, onFree: () => void): Promise<RunnerProcess> {
    const [engine, flags] = await Promise.all([this.#engine(), networkFlags(this.limits.network, program.allowedHosts)])
    if (this.#closed) throw new Error('the sandbox is closed')
    const runner = new RunnerProcess(engine.start(flags), program, network, onFree)
    this.#runners.add(runner)
    void runner.gone.then(({ death, how }) => {
      this.#runners.delete(runner)
      if (death === 'crash' && !this.#closed) this.log?.warn('a runner of an Action died', { runnerPid: runner.pid, program: program.id, how })
    })
    this.#watchFor(false)
    return runner
  }

  async #engine(): Promise<Engine> {
    const engine = await this.find().catch((error: unknown) => {
      this.log?.error('no Action can run', { err: error })
      throw error
    })
    if (!this.#isLayerTold) this.log?.log('Actions run here', { layer: engine.layer })
    this.#isLayerTold = true
    return engine
  }

  #drop(id: string, pool: Pool): void {
    this.#pools.delete(id)
    void pool.drain()
  }

  /** A look every 20 ms while something runs, seldom otherwise, and none without runners. */
  #watchFor(busy: boolean): void {
    if (this.#closed || (this.#watch && (this.#watch.busy || !busy))) return
    clearTimeout(this.#watch?.timer)
    const timer = setTimeout(() => this.#look(), busy ? WATCH_BUSY_MS : WATCH_IDLE_MS)
    timer.unref()
    this.#watch = { timer, busy }
  }

  #look(): void {
    this.#watch = undefined
    const now = performance.now()
    for (const runner of this.#runners) runner.watch(this.limits.memoryMb)
    for (const [id, pool] of this.#pools) {
      pool.shrink(now)
      if (!pool.busy && now - pool.usedAt > IDLE_MS) this.#drop(id, pool)
      else if (now - pool.resolvedAt > NETWORK_MS) void this.#resolve(id, pool)
    }
    if (this.#running > 0 || this.#runners.size > 0) this.#watchFor(this.#running > 0)
  }

  /** Runners keep the permissions that they started with, so other ones need other runners. */
  async #resolve(id: string, pool: Pool): Promise<void> {
    pool.resolvedAt = performance.now()
    const flags = (await networkFlags(this.limits.network, pool.program.allowedHosts)).join(' ')
    if (pool.flags !== undefined && pool.flags !== flags && this.#pools.get(id) === pool) this.#drop(id, pool)
    pool.flags = flags
  }
}

/** With what its names led to when they were looked up last. */
class Pool extends ProgramPool {
  resolvedAt = Number.NEGATIVE_INFINITY
  flags: string | undefined
}
