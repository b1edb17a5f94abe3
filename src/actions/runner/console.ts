import { format, inspect } from 'node:util'
import { type LogLevel, MAX_CONSOLE } from './frames.js'

/** Where one execution's console goes, until the execution is over. */
export interface ConsoleSink {
  open: boolean
  /** Characters written so far. */
  written: number
  readonly write: (level: LogLevel, text: string) => void
}

/** Node's console as far as Actions use it (spec/actions.md §6.4); each line belongs to the execution that wrote it. */
export function actionConsole(current: () => ConsoleSink | undefined): Console {
  const write = (level: LogLevel, text: string): void => {
    const sink = current()
    if (!sink?.open) return
    const room = MAX_CONSOLE - sink.written
    if (room <= 0) return
    const kept = text.slice(0, room)
    sink.written += Math.max(1, kept.length)
    sink.write(level, kept)
  }
  const line =
    (level: LogLevel) =>
    (...args: unknown[]): void =>
      write(level, format(...args))
  const counts = new Map<string, number>()
  const times = new Map<string, number>()
  const elapsed = (label: string): string => `${label}: ${(performance.now() - (times.get(label) ?? performance.now())).toFixed(3)}ms`
  return {
    log: line('log'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    debug: line('debug'),
    trace: (...args: unknown[]) => write('trace', `Trace: ${format(...args)}`),
    dir: (value: unknown, options?: object) => write('log', inspect(value, { customInspect: false, ...options })),
    dirxml: line('log'),
    table: (value: unknown) => write('log', inspect(value)),
    assert: (ok?: unknown, ...args: unknown[]) => void (ok || write('error', args.length > 0 ? `Assertion failed: ${format(...args)}` : 'Assertion failed')),
    count: (label = 'default') => {
      counts.set(label, (counts.get(label) ?? 0) + 1)
      write('log', `${label}: ${counts.get(label)}`)
    },
    countReset: (label = 'default') => void counts.delete(label),
    time: (label = 'default') => void times.set(label, performance.now()),
    timeLog: (label = 'default', ...args: unknown[]) => write('log', [elapsed(label), ...args.map((arg) => format(arg))].join(' ')),
    timeEnd: (label = 'default') => {
      write('log', elapsed(label))
      times.delete(label)
    },
    group: line('log'),
    groupCollapsed: line('log'),
    groupEnd: () => undefined,
    clear: () => undefined,
  } as unknown as Console
}
