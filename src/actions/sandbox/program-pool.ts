import { setTimeout as pause } from 'node:timers/promises'
import type { Death, Done, Job, Program, Ran, RunnerProcess } from './runner-process.js'

/** What became of a job. `unavailable`: nothing ran, or nobody knows whether it did; no tokens may follow. */
export type RunOutcome =
  { readonly kind: 'done'; readonly report: Done } | { readonly kind: 'timeout' } | { readonly kind: 'memory' } | { readonly kind: 'unavailable' }

interface PoolLimits {
  /** Runners of one program at a time. */
  readonly size: number
  /** How long a job may wait for a runner. */
  readonly waitMs: number
}

/** How long the other jobs of a runner that is given up may go on. */
const GRACE_MS = 2000
const LOOK_EVERY_MS = 10
const MAX_WAITING = 100
/** Jobs that a runner is given at once, where one that it gives back may safely run twice. They share its messages. */
const MAX_IN_LINE = 16
/** Once a job has held up its runner for this long, another runner is started for those that wait. Load alone starts none: it would only share the same cores. */
const HURRY_MS = 100
/** Runners beyond the first are let go when none was needed for this long. */
const SHRINK_MS = 10_000
/** After a runner that could not be started: not to start others by the hundred. */
const RECOVER_MS = 250

interface Waiting {
  readonly until: number
  readonly take: (runner: RunnerProcess | undefined) => void
}

/**
 * The runners of one program: one to begin with, more while jobs wait for those that are there. Where an Action can have no effect outside, a
 * runner has several jobs in line, and gives back those behind a loop; elsewhere it gets one when the one before has ended or has come to wait for
 * something. So nobody stands behind a loop. A job whose runner dies is tried once more, alone, where it cannot have had an effect outside and is
 * not known to be what the runner died of.
 */
export class ProgramPool {
  #runners: RunnerProcess[] = []
  #queue: Waiting[] = []
  #looking = false
  #adding: Promise<unknown> | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  #lane: Promise<unknown> = Promise.resolve()
  #laneLength = 0
  #laneRunner: RunnerProcess | undefined
  #closing = false
  #neededAt = 0
  usedAt = performance.now()

  constructor(
    readonly program: Program,
    private readonly start: (onFree: () => void) => Promise<RunnerProcess>,
    private readonly repeatable: boolean,
    private readonly limits: PoolLimits,
  ) {}

  get busy(): boolean {
    return this.#laneLength + this.#queue.length > 0 || this.#runners.some((runner) => runner.busy > 0)
  }

  /** Starts a runner unless one is there; resolves when it can take a job, or could not be started. */
  async prewarm(): Promise<void> {
    if (this.#runners.length === 0) await this.#add()
  }

  /** `deadline`: on the steady clock, when the answer is no longer wanted. */
  async run(job: Job, deadline: number): Promise<RunOutcome> {
    this.usedAt = performance.now()
    const until = Math.min(deadline, this.usedAt + this.limits.waitMs)
    for (;;) {
      const ran = await this.#runSoon(job, deadline, until)
      if (ran === 'no runner') return { kind: 'unavailable' }
      if (ran === 'overdue') return { kind: 'timeout' }
      if (ran.kind === 'unbegun') continue
      if (ran.kind === 'died' && this.repeatable && !(ran.alone && ran.death === 'memory')) return this.#again(job, deadline)
      return outcomeOf(ran)
    }
  }

  /** In a process of its own, which is ended afterwards. */
  async runOnce(job: Job, deadline: number): Promise<RunOutcome> {
    const runner = await this.start(() => undefined).catch(() => undefined)
    if (!runner || !(await runner.loaded)) return { kind: 'unavailable' }
    const ran = await this.#runUntil(runner, job, deadline)
    runner.kill('retired')
    return ran === 'overdue' ? { kind: 'timeout' } : outcomeOf(ran)
  }

  /** Lets go what was started for a need that has passed. */
  shrink(now: number): void {
    if (this.#queue.length > 0) this.#neededAt = now
    if (this.#runners.length < 2 || now - this.#neededAt < SHRINK_MS) return
    const spare = this.#runners.find(({ busy }) => busy === 0)
    if (spare && this.#forget(spare)) spare.kill('retired')
    this.#neededAt = now
  }

  /** Lets what runs and waits finish, and ends; nothing new may come. */
  async drain(): Promise<void> {
    this.#closing = true
    while (this.busy) await pause(LOOK_EVERY_MS)
    for (const runner of this.#runners) runner.kill('retired')
  }

  /** Nobody gets a runner any more, nor waits for one. */
  close(): void {
    this.#closing = true
    for (const { take } of this.#queue.splice(0)) take(undefined)
  }

  /** By the first runner that has room until then. */
  #runSoon(job: Job, deadline: number, until: number): Promise<Ran | 'overdue' | 'no runner'> {
    const runner = this.#queue.length === 0 ? this.#roomiest() : undefined
    if (runner) return this.#runUntil(runner, job, deadline)
    if (this.#queue.length >= MAX_WAITING) return Promise.resolve('no runner')
    return new Promise((settle) => {
      this.#queue.push({ until, take: (found) => settle(found ? this.#runUntil(found, job, deadline) : 'no runner') })
      this.#serve()
    })
  }

  async #runUntil(runner: RunnerProcess, job: Job, deadline: number): Promise<Ran | 'overdue'> {
    let timer: NodeJS.Timeout | undefined
    const overdue = new Promise<'overdue'>((done) => (timer = setTimeout(() => done('overdue'), Math.max(0, deadline - performance.now()))))
    const ran = await Promise.race([runner.run(job), overdue])
    clearTimeout(timer)
    // Whether it waits for something that never comes or runs in circles cannot be told from here.
    if (ran === 'overdue') this.#giveUp(runner)
    return ran
  }

  #giveUp(runner: RunnerProcess): void {
    this.#forget(runner)
    runner.retired = true
    runner.giveBack()
    if (runner.busy <= 1) runner.kill('overdue')
    else void finish(runner)
    if (!this.#closing) void this.#add()
  }

  /** One after the other in a runner that has nothing else to do: so the guilty one takes nobody along. */
  #again(job: Job, deadline: number): Promise<RunOutcome> {
    this.#laneLength++
    const turn = this.#lane.then(() => this.#runAlone(job, deadline))
    this.#lane = turn.catch(() => undefined)
    return turn
  }

  async #runAlone(job: Job, deadline: number): Promise<RunOutcome> {
    try {
      if (performance.now() >= deadline) return { kind: 'timeout' }
      const runner = this.#laneRunner?.retired === false ? this.#laneRunner : await this.start(() => undefined).catch(() => undefined)
      this.#laneRunner = runner
      if (!runner || !(await runner.loaded)) return { kind: 'unavailable' }
      const ran = await this.#runUntil(runner, job, deadline)
      return ran === 'overdue' ? { kind: 'timeout' } : outcomeOf(ran)
    } finally {
      if (--this.#laneLength === 0) this.#laneRunner?.kill('retired')
    }
  }

  /** The one with the shortest line, of those that have room and answer. */
  #roomiest(): RunnerProcess | undefined {
    const room = this.repeatable ? MAX_IN_LINE : 1
    const free = this.#runners.filter((runner) => runner.inLine < room && !runner.retired && !runner.stuck)
    return free.sort((a, b) => a.inLine - b.inLine || a.busy - b.busy)[0]
  }

  #serve(): void {
    for (let runner; this.#queue.length > 0 && (runner = this.#roomiest());) this.#queue.shift()!.take(runner)
    if (this.#queue.length === 0) return
    const now = performance.now()
    for (const late of this.#queue.filter(({ until }) => until <= now)) late.take(undefined)
    this.#queue = this.#queue.filter(({ until }) => until > now)
    if (this.#queue.length > 0 && this.#mayAdd(now)) void this.#add()
    this.#look()
  }

  #look(): void {
    if (this.#looking) return
    this.#looking = true
    setTimeout(() => {
      this.#looking = false
      this.#serve()
    }, LOOK_EVERY_MS)
  }

  /** Those who want one at the same time get the same. */
  #add(): Promise<unknown> {
    this.#adding ??= this.#startOne().finally(() => {
      this.#adding = undefined
      this.#serve()
    })
    return this.#adding
  }

  #mayAdd(now: number): boolean {
    if (this.#adding || this.#runners.length >= this.limits.size || now - this.#failedAt < RECOVER_MS) return false
    return this.#runners.every(({ heldSince, stuck }) => stuck || (heldSince !== undefined && now - heldSince > HURRY_MS))
  }

  async #startOne(): Promise<void> {
    this.#neededAt = performance.now()
    if (this.#runners.length >= this.limits.size) return
    const runner = await this.start(() => this.#serve()).catch(() => undefined)
    if (!runner || !(await runner.loaded)) {
      this.#failedAt = performance.now()
      return
    }
    this.#runners.push(runner)
    // Whoever comes next should find one waiting.
    void runner.gone.then(() => {
      if (this.#forget(runner) && !this.#closing) void this.#add()
    })
  }

  #forget(runner: RunnerProcess): boolean {
    const known = this.#runners.includes(runner)
    this.#runners = this.#runners.filter((other) => other !== runner)
    return known
  }
}

async function finish(runner: RunnerProcess): Promise<void> {
  const end = performance.now() + GRACE_MS
  while (runner.busy > 0 && performance.now() < end) await pause(LOOK_EVERY_MS)
  runner.kill('retired')
}

const BLAME: Readonly<Record<Death, RunOutcome>> = {
  memory: { kind: 'memory' },
  crash: { kind: 'unavailable' },
  overdue: { kind: 'timeout' },
  retired: { kind: 'unavailable' },
}

function outcomeOf(ran: Ran): RunOutcome {
  if (ran.kind === 'done') return { kind: 'done', report: ran.report }
  return ran.kind === 'died' ? BLAME[ran.death] : { kind: 'unavailable' }
}
