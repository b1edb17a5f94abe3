import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import type { Json } from './app.js'

/** What the package throws: status and parsed body. */
export class SdkError extends Error {
  constructor(
    readonly statusCode: number,
    readonly body: Json,
    message: string,
  ) {
    super(message)
  }
}

/** The npm package `auth0` in a process that trusts a local authority. */
export class Auth0Sdk {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: Json) => void; reject: (error: Error) => void }>()
  #calls = 0

  constructor(options: object, authority: string) {
    this.#child = fork(path.resolve('test/support/auth0-process.mjs'), [JSON.stringify(options)], {
      env: { PATH: process.env['PATH']!, NODE_EXTRA_CA_CERTS: authority },
      execArgv: [],
    })
    this.#child.on('message', (answer: { id: number; value?: unknown; error?: { statusCode: number; body: unknown; message: string } }) => {
      const { resolve, reject } = this.#waiting.get(answer.id)!
      this.#waiting.delete(answer.id)
      if (answer.error) reject(new SdkError(answer.error.statusCode, answer.error.body, answer.error.message))
      else resolve(answer.value)
    })
    this.#child.once('exit', () => this.#waiting.forEach(({ reject }) => reject(new Error('the process with the package has ended'))))
  }

  /** Calls `management.<path>(…args)`, or of the other client what begins with `authentication.`; a list is answered whole. Errors: SdkError. */
  call(path: string, ...args: unknown[]): Promise<Json> {
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, path, args })
    })
  }

  async close(): Promise<void> {
    const exited = new Promise((done) => this.#child.once('exit', done))
    this.#child.kill()
    await exited
  }
}
