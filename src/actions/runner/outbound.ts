import { AsyncLocalStorage } from 'node:async_hooks'

/** Requests of one execution that are under way at a time; the next one waits (spec/actions.md §6.3). */
const MAX_CONCURRENT = 16
/** Of one answer: by `fetch` as it is decoded, by node:http as it comes. */
export const MAX_RESPONSE_BYTES = 5_000_000

export const tooLarge = (): Error =>
  Object.assign(new Error('The response is larger than 5 MB, which is the most that an Action may receive.'), { code: 'ERR_RESPONSE_TOO_LARGE' })

/** Lets so many in at a time, in the order in which they came. Whoever is in calls what it got when it goes; again does nothing. */
class Gate {
  #free = MAX_CONCURRENT
  readonly #waiting = new Set<() => void>()

  /** Undefined: there is no room. */
  enter(): (() => void) | undefined {
    if (this.#free === 0) return undefined
    this.#free--
    return this.#inside()
  }

  /** Resolves when there is room. Errors: the signal's reason, when it is aborted before. */
  async turn(signal?: AbortSignal | null): Promise<() => void> {
    signal?.throwIfAborted()
    let wake!: () => void
    await new Promise<void>((done) => {
      wake = done
      this.#waiting.add(wake)
      signal?.addEventListener('abort', wake)
    })
    signal?.removeEventListener('abort', wake)
    if (this.#waiting.delete(wake)) signal?.throwIfAborted()
    return this.#inside()
  }

  /** A place goes from hand to hand while somebody waits. */
  #inside(): () => void {
    let inside = true
    return () => {
      if (!inside) return
      inside = false
      const [next] = this.#waiting
      if (next) {
        this.#waiting.delete(next)
        next()
      } else this.#free++
    }
  }
}

const gates = new AsyncLocalStorage<Gate>()
const ofNobody = new Gate()

/** The gate of the execution that asks. Each has one: what one leaves behind that hangs must not stop those after it. */
export const currentGate = (): Gate => gates.getStore() ?? ofNobody

export const withOwnGate = <T>(work: () => T): T => gates.run(new Gate(), work)
