import { compileFunction } from 'node:vm'
import type { Command } from '../rules/commands.js'
import { apiFor } from './api/api.js'
import type { Build } from './api/build.js'
import { describeError } from './describe-error.js'
import { eventFor } from './event.js'
import type { Order, RunContext, RunError, RunEvent } from './frames.js'
import { actionRequire, type Require, requireBuiltin } from './require.js'

type Load = Extract<Order, { order: 'load' }>
type Handler = (event: object, api: object) => Promise<unknown>

export interface Outcome {
  readonly commands: readonly Command[]
  readonly error?: RunError
  readonly bootMs: number
  readonly runMs: number
}

/** One version of an Action. Its text is compiled at once and runs at the first execution; then its exports and its state live on (§6.1). */
export class LoadedAction {
  readonly #secrets: Readonly<Record<string, string>>
  readonly #trigger: string
  /** Undefined until the text has run. */
  #exports: { readonly value: unknown } | { readonly thrown: unknown } | undefined
  readonly #start: () => unknown

  constructor({ code, bundle, secrets, trigger }: Load) {
    this.#secrets = secrets
    this.#trigger = trigger
    this.#start = compiled(code, bundle)
  }

  /** Calls a handler, or with null only makes sure that the text runs. Never fails: what the Action throws is in the outcome. */
  async run(entrypoint: string | null, event: RunEvent, context: RunContext): Promise<Outcome> {
    const commands: Command[] = []
    const began = performance.now()
    let booted = began
    try {
      const exports = this.#loaded()
      booted = performance.now()
      if (entrypoint !== null) await this.#call(exports, entrypoint, event, context, commands)
      return { commands: [...commands], bootMs: booted - began, runMs: performance.now() - booted }
    } catch (thrown) {
      return { commands: [], error: describeError(thrown), bootMs: booted - began, runMs: performance.now() - booted }
    }
  }

  async #call(exports: unknown, entrypoint: string, event: RunEvent, context: RunContext, commands: Command[]): Promise<void> {
    const handler = (exports as Record<string, unknown>)[entrypoint]
    if (typeof handler !== 'function' || handler.constructor.name !== 'AsyncFunction') throw new Error(signature(entrypoint))
    const build: Build = { event: eventFor(event, this.#secrets), context, commands, open: true }
    try {
      await (handler as Handler).call(exports, build.event, apiFor(this.#trigger, entrypoint, build))
    } finally {
      build.open = false
    }
  }

  #loaded(): unknown {
    if (!this.#exports) {
      try {
        const value = this.#start()
        if (typeof value !== 'object' || value === null) throw new Error('The Action must export an object.')
        this.#exports = { value }
      } catch (thrown) {
        this.#exports = { thrown }
      }
    }
    if ('thrown' in this.#exports) throw this.#exports.thrown
    return this.#exports.value
  }
}

const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname', 'Deno']

/** The Action's text as a CommonJS module, ready to run once. A text that cannot be compiled throws when it should run. */
function compiled(code: string, bundle: string | undefined): () => unknown {
  const dependencies = bundle === undefined ? undefined : compile(bundle, 'dependencies.js')
  const action = compile(code, 'action.js')
  return () => {
    const packages = dependencies ? (dependencies(requireBuiltin) as Record<string, () => unknown>) : {}
    return action(actionRequire(packages))
  }
}

function compile(text: string, filename: string): (require: Require) => unknown {
  try {
    const body = compileFunction(text, PARAMETERS, { filename }) as (...args: unknown[]) => void
    return (require) => {
      const module = { exports: {} as unknown }
      body.call(module.exports, module.exports, require, module, `/${filename}`, '/', undefined)
      return module.exports
    }
  } catch (error) {
    return () => {
      throw error
    }
  }
}

const signature = (entrypoint: string): string =>
  `Invalid function signature for the "${entrypoint}" handler. Use "exports.${entrypoint} = async function(event, api) { }" as the signature.`
