import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { elapseIdly } from './clock.js'
import { environmentOf } from './service.js'

const STOP_MS = 10_000

/** The process that seals, projects and reacts beside a row. */
export class Background {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when it is at work. Errors: where it ends before. */
  static async start(databaseUrl: string): Promise<Background> {
    const program = fileURLToPath(new URL('background-process.js', import.meta.url))
    // What it has to say must not stand in the report.
    const child = fork(program, { env: { ...process.env, ...environmentOf(databaseUrl, 'background') }, stdio: ['ignore', 2, 2, 'ipc'] })
    const background = new Background(child)
    await background.#answer()
    return background
  }

  /** Its CPU time in µs. Errors: when it has ended. */
  readonly cpu = async (): Promise<number> => {
    if (!this.child.connected) throw new Error('the background process is gone')
    const answer = this.#answer()
    this.child.send('cpu')
    return answer
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.disconnect()
    void Promise.race([gone, elapseIdly(STOP_MS).then(() => this.child.kill('SIGKILL'))])
    await gone
  }

  #answer(): Promise<number> {
    return new Promise((resolve, reject) => {
      const died = (): void => reject(new Error('the background process ended'))
      this.child.once('exit', died).once('message', (micros: number) => {
        this.child.off('exit', died)
        resolve(micros)
      })
    })
  }
}
