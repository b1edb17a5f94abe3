import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { elapse } from '../clock.js'
import { type Meters, percentiles, read, spent } from '../load.js'
import type { Figures, Pace } from '../row.js'
import type { Question } from './question.js'

/** Whom to ask, and what each caller asks. */
export interface Task {
  readonly port: number
  readonly questions: readonly Question[]
  /** What others ask before them, so that the server is warm also for a single caller. */
  readonly crowd?: readonly Question[]
}

/** What the generator's process is told first. */
export interface GeneratorTask extends Task {
  /** It says so when that many answers have come. */
  readonly warmUpAnswers: number
}

/** When the crowd has asked enough; when to count answers, and when to tell about them and end. */
export type GeneratorOrder = 'begin' | 'open' | 'close'

/** ms that each counted answer took. */
export interface Measured {
  readonly took: readonly number[]
}

/** The warm-up takes as many answers as V8 needs to compile what they run through, but only so much longer than its time; a crowd brings them quickly. */
const WARM_UP = { answers: 3000, ofCrowd: 20_000, quickAnswers: 1, moreMs: 20_000 }

/** What came in one window: ms that each answer took, and how much CPU. */
export interface Answers extends Measured {
  readonly ms: number
  readonly spent: Figures
}

/** Errors: those of `answersOverHttp`. */
export async function askOverHttp(pace: Pace, meters: Meters, task: Task): Promise<Figures> {
  const { took, ms, spent } = await answersOverHttp(pace, meters, task)
  return { perSecond: (took.length * 1000) / ms, ...percentiles('p50', 'p99', took), ...spent }
}

/**
 * Has the callers of a process of their own ask without a pause, and measures those answers that come in the window after the warm-up.
 * Errors: when an answer has not the status of a good one, or the generator ends before its time.
 */
export async function answersOverHttp(pace: Pace, meters: Meters, task: Task): Promise<Answers> {
  const program = fileURLToPath(new URL('generator-process.js', import.meta.url))
  const child = fork(program, { stdio: ['ignore', 2, 2, 'ipc'] })
  const ended = once(child, 'exit').then(() => {
    throw new Error('the load generator ended early')
  })
  ended.catch(() => undefined)
  try {
    const [warm, answer] = [told(child, isWarm), told(child, isMeasured)]
    const enough = task.crowd ? WARM_UP.ofCrowd : WARM_UP.answers
    child.send({ ...task, warmUpAnswers: pace.quick ? WARM_UP.quickAnswers : enough } satisfies GeneratorTask)
    await Promise.race([warm, elapse(WARM_UP.moreMs), ended])
    order(child, 'begin')
    await Promise.race([elapse(pace.warmUpSeconds * 1000), ended])
    const before = await read(meters)
    const opened = performance.now()
    order(child, 'open')
    await Promise.race([elapse(pace.seconds * 1000), ended])
    order(child, 'close')
    const ms = performance.now() - opened
    const after = await read(meters)
    const { took } = await Promise.race([answer, ended])
    return { took, ms, spent: spent(before, after, took.length) }
  } finally {
    child.kill('SIGKILL')
  }
}

/** The first of its messages that is one. */
const told = <T>(child: ChildProcess, is: (message: unknown) => message is T): Promise<T> =>
  new Promise((resolve) => {
    child.on('message', (message: unknown) => {
      if (is(message)) resolve(message)
    })
  })

const isWarm = (message: unknown): message is 'warm' => message === 'warm'
const isMeasured = (message: unknown): message is Measured => typeof message === 'object' && message !== null && 'took' in message

function order(child: ChildProcess, what: GeneratorOrder): void {
  child.send(what)
}
