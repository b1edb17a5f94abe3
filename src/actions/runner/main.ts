import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { actionConsole, type ConsoleSink } from './console.js'
import { describeError } from './describe-error.js'
import { MAX_LINE, type Order, type Report, type RunError } from './frames.js'
import { hardenGlobals } from './globals.js'
import { LoadedAction } from './loaded-action.js'
import { withOwnGate } from './outbound.js'
import { limitFetch } from './outbound-fetch.js'

/*
 * The program inside the sandbox (docs/adr/0007-actions.md): a process of Deno's without permissions, for one version of one Action. It reads
 * orders from its input and writes reports to its output. Whatever the Action does to it, it does to itself: the service believes no report.
 */

/** The few of Deno's own functions that are used; types of all would be a dependency. */
interface Engine {
  readonly stdin: { read(into: Uint8Array): Promise<number | null>; readSync(into: Uint8Array): number | null }
  readonly stdout: { writeSync(bytes: Uint8Array): number }
  exit(code: number): never
}
const engine = (globalThis as unknown as { Deno: Engine }).Deno
const { stdin, stdout, exit } = { stdin: engine.stdin, stdout: engine.stdout, exit: engine.exit.bind(engine) }
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()]

/** With room for the mark. */
const MAX_REPORT = MAX_LINE - 100
/** Of a console's line: a character may take six in JSON. */
const MAX_PIECE = 131_072
/** Silence after which it says that it is there, before it begins the next in line. */
const QUIET_MS = 10
const TOO_MUCH: RunError = { name: 'Error', message: 'What an execution asks for cannot exceed 1 MB.' }

type RunOrder = Extract<Order, { order: 'run' }>

const executions = new AsyncLocalStorage<ConsoleSink>()
let mark = ''
let network = true
let reportedAt = 0
let action: LoadedAction | undefined

function report(frame: Report): void {
  const text = JSON.stringify(frame)
  if (text.length > MAX_REPORT && frame.report === 'done') return report({ ...frame, commands: [], error: TOO_MUCH })
  let bytes = encoder.encode(`${mark}${text}\n`)
  while (bytes.length > 0) bytes = bytes.subarray(stdout.writeSync(bytes))
  reportedAt = performance.now()
}

function obey(order: Order): void {
  switch (order.order) {
    case 'load':
      ;({ mark, network } = order)
      action = new LoadedAction(order)
      return report({ report: 'loaded' })
    case 'ping':
      return report({ report: 'pong', id: order.id })
    case 'run':
      line.push(order)
      if (!turning) turn()
  }
}

/** One a turn of the loop, so that each that comes to wait for something has said so before the next one begins. */
const line: RunOrder[] = []
let turning = false
let running = 0
function turn(): void {
  const order = line.shift()
  turning = order !== undefined
  if (!order) return
  void run(order)
  setImmediate(nextInLine)
}

/** A question whether it is there is read when the line is empty, so it says so unasked. */
function nextInLine(): void {
  if (line.length > 0 && performance.now() - reportedAt > QUIET_MS) report({ report: 'pong', id: 0 })
  turn()
}

/** Commands and console are sealed when the handler settles: what comes later is nobody's. */
async function run({ id, entrypoint, event, context }: RunOrder): Promise<void> {
  const write: ConsoleSink['write'] = (level, text) => {
    for (let at = 0; at === 0 || at < text.length; at += MAX_PIECE) report({ report: 'log', id, level, text: text.slice(at, at + MAX_PIECE) })
  }
  const sink: ConsoleSink = { open: true, written: 0, write }
  running++
  setImmediate(() => {
    if (sink.open) report({ report: 'waiting', id })
  })
  const outcome = await executions.run(sink, () => withOwnGate(() => action!.run(entrypoint, event, context)))
  sink.open = false
  running--
  report({ report: 'done', id, ...outcome })
}

hardenGlobals(actionConsole(() => executions.getStore()))
limitFetch()
// What an Action leaves running may fail after its answer; the next execution must not die of it.
const heard = (reason: unknown): void => executions.getStore()?.write('error', describeError(reason).stack ?? '')
const scope = globalThis as unknown as {
  addEventListener(type: string, listener: (event: Event & { readonly error?: unknown; readonly reason?: unknown }) => void): void
}
for (const type of ['error', 'unhandledrejection']) {
  scope.addEventListener(type, (event) => {
    event.preventDefault()
    heard(event.error ?? event.reason)
  })
}

/**
 * Whether nothing can happen before the next order. An Action without a network whose handlers have all settled is then left standing where it is, and
 * goes on with it: an order that the process itself waits for is here in half the time of one that a thread of the engine's brings.
 */
async function isAtRest(): Promise<boolean> {
  if (network) return false
  while (turning) await nextTurn()
  return running === 0
}

const chunk = new Uint8Array(65_536)
let rest = ''
for (;;) {
  const length = (await isAtRest()) ? stdin.readSync(chunk) : await stdin.read(chunk)
  // The service has ended, however it did.
  if (length === null) exit(0)
  const lines = (rest + decoder.decode(chunk.subarray(0, length!), { stream: true })).split('\n')
  rest = lines.pop()!
  for (const line of lines) obey(JSON.parse(line) as Order)
}
