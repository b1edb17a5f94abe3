import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import type { LogLevel, Order, Report, RunContext, RunEvent } from '../runner/frames.js'
import { MAX_LINE } from '../runner/frames.js'
import { parseReport } from './parse-report.js'
import { usageOf } from './usage.js'

/** One version of an Action, ready to run. */
export interface Program {
  /** Equal for equal programs. */
  readonly id: string
  readonly trigger: string
  readonly code: string
  readonly bundle: string | undefined
  readonly secrets: Readonly<Record<string, string>>
  readonly allowedHosts: readonly string[]
}

/** One call of a handler; with a null entrypoint the Action's text is only made to run. */
export interface Job {
  readonly entrypoint: string | null
  readonly event: RunEvent
  readonly context: RunContext
  readonly onLog?: (level: LogLevel, text: string) => void
}

export type Done = Extract<Report, { report: 'done' }>
/** Why a runner ended. */
export type Death = 'memory' | 'crash' | 'overdue' | 'retired'
/** How a runner ended: `how` is its exit code or signal, or why it could not be started. */
export interface Gone {
  readonly death: Death
  readonly how: string
}
/** What became of a job in a runner. `alone`: it was the only one that had begun. `unbegun`: it is given back. */
export type Ran =
  { readonly kind: 'done'; readonly report: Done } | { readonly kind: 'died'; readonly death: Death; readonly alone: boolean } | { readonly kind: 'unbegun' }

interface Given {
  readonly job: Job
  readonly settle: (ran: Ran) => void
  /** It waits for something, so the next one has begun. */
  waits: boolean
}

/** Silence after which a busy runner is asked whether it is there, and how long it may take to answer. */
const QUIET_MS = 20
const ANSWER_MS = 40
const LAST_WORDS = 4000
/** A runner that has no job and still works for a tenth of this time is ended. */
const IDLE_WINDOW_MS = 2000

/**
 * A runner: one process of the engine, for one program. It keeps what it was given until it reports or dies. Jobs stand in line: it begins the
 * next one when the one before has ended or has come to wait for something.
 */
export class RunnerProcess {
  readonly loaded: Promise<boolean>
  readonly gone: Promise<Gone>
  /** Takes no new jobs. */
  retired = false
  /** Since when the first in line has stood there. */
  heldSince: number | undefined
  /** In the order in which they were given. */
  #jobs = new Map<number, Given>()
  #inLine = 0
  #next = 1
  #rest = ''
  #words = ''
  #death: Death | undefined
  #heardAt = performance.now()
  #askedAt: number | undefined
  #idle: { readonly at: number; readonly cpuMs: number } | undefined
  readonly #mark = `${randomBytes(12).toString('base64url')} `
  #load!: (ok: boolean) => void

  /** `network`: whether it may reach anything outside. `onFree`: it can take a job again, or will take none any more. */
  constructor(
    private readonly child: ChildProcess,
    program: Program,
    network: boolean,
    private readonly onFree: () => void,
  ) {
    this.loaded = new Promise((done) => (this.#load = done))
    child.stdin!.on('error', () => undefined)
    child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#words = (this.#words + text).slice(-LAST_WORDS)))
    this.gone = new Promise((done) => {
      child.once('error', (error) => this.#end(error.message, done)).once('close', (code, signal) => this.#end(signal ?? `code ${code}`, done))
    })
    const { code, bundle, secrets, trigger } = program
    this.#send({ order: 'load', mark: this.#mark, code, bundle, secrets, trigger, network })
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  get busy(): number {
    return this.#jobs.size
  }

  /** How many jobs have neither ended nor come to wait for something. */
  get inLine(): number {
    return this.#inLine
  }

  /** Whether it has not answered for so long that something in it does not let go. */
  get stuck(): boolean {
    return this.busy > 0 && this.#askedAt !== undefined && performance.now() - this.#askedAt > ANSWER_MS
  }

  /** Resolves with its report, when it dies, or when the job is given back. */
  run(job: Job): Promise<Ran> {
    const id = this.#next++
    this.heldSince ??= performance.now()
    if (this.busy === 0) this.#heardAt = performance.now()
    this.#inLine++
    return new Promise((settle) => {
      this.#jobs.set(id, { job, settle, waits: false })
      const { entrypoint, event, context } = job
      this.#send({ order: 'run', id, entrypoint, event, context })
    })
  }

  /** Gives back the jobs behind the first in line; what the runner still reports of them is ignored. */
  giveBack(): void {
    const [, ...behind] = [...this.#jobs].filter(([, { waits }]) => !waits)
    for (const [id] of behind) this.#jobs.delete(id)
    this.#inLine -= behind.length
    for (const [, { settle }] of behind) settle({ kind: 'unbegun' })
  }

  /** Asks a silent runner for a sign of life, gives back what one that gives none has not begun, and ends one that holds more than `maxMb`, or that works on after its last answer. */
  watch(maxMb: number): void {
    const now = performance.now()
    if (this.busy > 0 && this.#askedAt === undefined && now - this.#heardAt > QUIET_MS) {
      this.#askedAt = now
      this.#send({ order: 'ping', id: this.#next++ })
    }
    if (this.stuck) this.giveBack()
    const usage = this.pid === undefined ? undefined : usageOf(this.pid)
    if (!usage) return
    if (usage.residentMb > maxMb) return this.kill('memory')
    if (this.busy > 0 || !this.#idle) this.#idle = this.busy > 0 ? undefined : { at: now, cpuMs: usage.cpuMs }
    else if (now - this.#idle.at > IDLE_WINDOW_MS) {
      if (usage.cpuMs - this.#idle.cpuMs > IDLE_WINDOW_MS / 10) this.kill('retired')
      this.#idle = { at: now, cpuMs: usage.cpuMs }
    }
  }

  /** Ends it at once, whatever it does. */
  kill(death: Death): void {
    this.retired = true
    this.#death ??= death
    this.child.kill('SIGKILL')
  }

  /** What is sent in one turn goes in one piece. */
  #send(order: Order): void {
    const { stdin } = this.child
    if (stdin!.destroyed) return
    stdin!.cork()
    stdin!.write(`${JSON.stringify(order)}\n`)
    process.nextTick(() => stdin!.uncork())
  }

  #hear(text: string): void {
    this.#heardAt = performance.now()
    this.#askedAt = undefined
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    if (this.#rest.length > MAX_LINE) return this.kill('crash')
    for (const line of lines) {
      // Output that is not the program's own may stand before it.
      const at = line.indexOf(this.#mark)
      const report = at < 0 || line.length > MAX_LINE ? undefined : parseReport(line.slice(at + this.#mark.length))
      if (report) this.#take(report)
      else if (line.length > MAX_LINE) return this.kill('crash')
    }
  }

  #take(report: Report): void {
    switch (report.report) {
      case 'loaded':
        return this.#load(true)
      case 'pong':
        return
      case 'waiting':
        return this.#step(this.#jobs.get(report.id))
      case 'log':
        return this.#jobs.get(report.id)?.job.onLog?.(report.level, report.text)
      case 'done': {
        const given = this.#jobs.get(report.id)
        this.#jobs.delete(report.id)
        this.#step(given)
        return given?.settle({ kind: 'done', report })
      }
    }
  }

  /** It stands in line no more. */
  #step(given: Given | undefined): void {
    if (!given || given.waits) return
    given.waits = true
    this.#inLine--
    this.heldSince = this.#inLine > 0 ? performance.now() : undefined
    this.onFree()
  }

  #end(how: string, done: (gone: Gone) => void): void {
    this.retired = true
    const death = this.#death ?? (/out of memory|heap limit|Allocation failed/i.test(this.#words) ? 'memory' : 'crash')
    this.giveBack()
    const alone = this.busy === 1
    const left = [...this.#jobs.values()]
    this.#jobs.clear()
    this.#inLine = 0
    this.#load(false)
    for (const { settle } of left) settle({ kind: 'died', death, alone })
    done({ death, how })
    this.onFree()
  }
}
