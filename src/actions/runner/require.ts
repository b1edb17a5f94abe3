import { isBuiltin } from 'node:module'
import process from 'node:process'
import { limitHttp } from './outbound-http.js'

/** What would only serve to get around the process's limits. */
const REFUSED = new Set(['inspector', 'inspector/promises', 'cluster', 'worker_threads', 'repl'])

const HTTP = /^(https?|_http_\w+)$/

export type Require = (name: string) => unknown

/** `require` of the engine's own modules. Errors: as Node's, MODULE_NOT_FOUND. */
export function requireBuiltin(name: string): unknown {
  const plain = String(name).replace(/^node:/, '')
  if (!isBuiltin(name) || REFUSED.has(plain)) throw notFound(name)
  const found: unknown = process.getBuiltinModule(plain)
  if (found === undefined) throw notFound(name)
  // Only now: to load node:http costs as much as a runner's start.
  if (HTTP.test(plain)) limitHttp(process.getBuiltinModule('http'))
  return found
}

/** `require` for an Action: its declared dependencies, then the engine's modules. `name@1.2.3` is the old Rules' way to name a version. */
export function actionRequire(packages: Readonly<Record<string, () => unknown>>): Require {
  return (name) => {
    for (const candidate of [name, String(name).replace(/(?<=.)@[^/]*$/, '')]) if (Object.hasOwn(packages, candidate)) return packages[candidate]!()
    return requireBuiltin(name)
  }
}

const notFound = (name: string): Error => Object.assign(new Error(`Cannot find module '${String(name).slice(0, 200)}'`), { code: 'MODULE_NOT_FOUND' })
