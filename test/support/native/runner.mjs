import asyncHooks from 'node:async_hooks'
import { createRequire, register } from 'node:module'
import { pathToFileURL } from 'node:url'
import circus from 'jest-circus/runner'

const require = createRequire(import.meta.url)
const TIMEOUT = Symbol.for('TEST_TIMEOUT_SYMBOL')
let files = 0

register('./hooks.mjs', import.meta.url)
process.setSourceMapsEnabled(true)

/**
 * Jest's own runner, but with modules that Node itself loads: those of the tests for each file anew, those of the service and its packages once
 * for all files of a worker. Jest's modules would be loaded by each file, which takes a second of CPU, and run without what V8 had compiled.
 * So what a module of `src` keeps for itself outlives a file.
 */
export default function run(globalConfig, config, environment, runtime, testPath, ...rest) {
  const here = Object.create(environment, { global: { value: globalThis } })
  delete globalThis[TIMEOUT]
  globalThis.jest = jestOf(environment)
  globalThis.cheapPasswords = config.displayName.name !== 'unit'
  const native = {
    unstable_shouldLoadAsEsm: () => true,
    unstable_importModule: (path) => {
      // Node itself tells where in the TypeScript an error comes from.
      Error.prepareStackTrace = undefined
      return import(`${pathToFileURL(path).href}?file=${++files}`)
    },
    requireInternalModule: frameworkOf,
  }
  const ours = new Proxy(runtime, {
    get(target, name) {
      const value = native[name] ?? target[name]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return circus.default(globalConfig, config, here, ours, testPath, ...rest)
}

/**
 * The framework keeps what it knows of a file in its module, so each file has its own. It remembers by an AsyncLocalStorage which test is running,
 * and Node would go on copying those of all former files into every promise: since tests run one after another, a variable knows it as well.
 */
function frameworkOf(path) {
  delete require.cache[path]
  const property = Object.getOwnPropertyDescriptor(asyncHooks, 'AsyncLocalStorage')
  Object.defineProperty(asyncHooks, 'AsyncLocalStorage', { value: Current, configurable: true })
  try {
    return require(path)
  } finally {
    Object.defineProperty(asyncHooks, 'AsyncLocalStorage', property)
  }
}

class Current {
  #store
  getStore = () => this.#store

  async run(store, work) {
    const outer = this.#store
    this.#store = store
    try {
      return await work()
    } finally {
      this.#store = outer
    }
  }
}

const jestOf = ({ moduleMocker }) => ({
  fn: moduleMocker.fn.bind(moduleMocker),
  spyOn: moduleMocker.spyOn.bind(moduleMocker),
  restoreAllMocks: moduleMocker.restoreAllMocks.bind(moduleMocker),
  setTimeout: (ms) => {
    globalThis[TIMEOUT] = ms
  },
})
