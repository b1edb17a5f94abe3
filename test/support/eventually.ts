import { setTimeout as pause } from 'node:timers/promises'

const LOOK_EVERY_MS = 10
/** Far more than a slow machine takes. */
const WITHIN_MS = 60_000

/**
 * Repeats a question until its answer is truthy; for what announces itself by no event.
 * The linter lets tests pause nowhere else: a pause is too short or too long.
 */
export async function eventually<T>(question: () => Promise<T> | T, withinMs = WITHIN_MS): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + withinMs
  for (;;) {
    const answer = await Promise.resolve()
      .then(question)
      .catch(() => undefined)
    if (answer) return answer as Exclude<T, false | null | undefined>
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${question.toString()}`)
    await pause(LOOK_EVERY_MS)
  }
}

interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
}

/**
 * Asks again while it is too early for an answer: a list whose read model is behind says so, and what depends on one is 503.
 * Clients to whom that matters do the same; a slow machine answers late, and not wrong.
 */
export async function current<T extends HttpAnswer>(ask: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + WITHIN_MS; ;) {
    const answer = await ask()
    const isEarly = answer.status === 503 || answer.headers.get('Evergrant-Read-Model') === 'behind'
    if (!isEarly || performance.now() > end) return answer
    await pause(LOOK_EVERY_MS)
  }
}

/**
 * The time that something takes which is promised within `ms`: of the first go that keeps the promise, or the shortest of ten.
 * A busy machine delays one go, hardly each of them. A go answers how many ms it took.
 */
export async function shortest(ms: number, go: () => Promise<number>): Promise<number> {
  let least = await go()
  for (let goes = 1; least >= ms && goes < 10; goes++) least = Math.min(least, await go())
  return least
}
