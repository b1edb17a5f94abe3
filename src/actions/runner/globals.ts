import process from 'node:process'

/** What Node does not have, or what would reach past the sandbox's own streams. */
const UNKNOWN_TO_NODE = ['Worker', 'alert', 'confirm', 'prompt', 'localStorage', 'sessionStorage', 'caches', 'EventSource', 'name']

/**
 * Makes the global scope look like Node's. No boundary: that is the process and its missing permissions. It keeps well-meant code, which
 * writes to streams and asks what runs it, from harm.
 */
export function hardenGlobals(console: Console): void {
  const globals = globalThis as unknown as Record<string, unknown> & { Deno: Record<PropertyKey, unknown>; navigator?: object }
  globals['console'] = console
  for (const name of UNKNOWN_TO_NODE) delete globals[name]
  if (globals.navigator) delete (Object.getPrototypeOf(globals.navigator) as Record<string, unknown>)['gpu']
  // The engine's inner operations; its own modules keep theirs.
  const internal = globals.Deno['internal'] as symbol
  delete globals.Deno[internal]
  delete globals.Deno['internal']

  const stream = (write: (text: string) => void): object => ({
    write: (text: unknown) => {
      write(String(text).replace(/\n$/, ''))
      return true
    },
    isTTY: false,
    on: () => undefined,
    once: () => undefined,
    end: () => undefined,
  })
  const stay = (): never => {
    throw new Error('An Action cannot end its process.')
  }
  const replaced: Record<string, unknown> = {
    env: {},
    stdin: undefined,
    stdout: stream((text) => console.log(text)),
    stderr: stream((text) => console.error(text)),
    exit: stay,
    abort: stay,
    reallyExit: stay,
    kill: stay,
  }
  for (const [name, value] of Object.entries(replaced)) Object.defineProperty(process, name, { value, writable: true, configurable: true })
}
