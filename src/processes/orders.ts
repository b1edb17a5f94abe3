import { AggregatorRegistry } from 'prom-client'
import { isOrder, type Report } from './messages.js'

/** Resolves when the primary, or a signal to this process or its group, asks it to stop. */
export function stopRequested(): Promise<void> {
  return new Promise((done) => {
    process.on('message', (message) => {
      if (isOrder(message) && message.type === 'stop') done()
    })
    process.on('SIGTERM', done).on('SIGINT', done)
  })
}

export function report(message: Report): void {
  process.send?.(message)
}

/** Makes this process answer when the primary collects metrics. */
const listener = new AggregatorRegistry()
void listener
let asked = 0

/** The metrics of all processes, by way of the primary. Errors: where one of them does not answer in 5 s. */
export function askForMetrics(): Promise<string> {
  const id = ++asked
  return new Promise((done, fail) => {
    const hear = (message: unknown): void => {
      if (!isOrder(message) || message.type !== 'metrics' || message.id !== id) return
      process.off('message', hear)
      if (message.text === null) fail(new Error('not all processes answered'))
      else done(message.text)
    }
    process.on('message', hear)
    report({ type: 'metrics', id })
  })
}
