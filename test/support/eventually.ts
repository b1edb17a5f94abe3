import { setTimeout as pause } from 'node:timers/promises'

const LOOK_AFTER_MS = 10
/** Questions cost the time of those who work on the answer: the longer it took so far, the longer until the next, which is late by a quarter at most. */
const LATE_BY = 1 / 4
const LOOK_EVERY_MS = 100
/** Far more than a slow machine takes. */
const WITHIN_MS = 60_000

/**
 * Repeats a question until its answer is truthy; for what announces itself by no event.
 * The linter lets tests pause nowhere else: a pause is too short or too long.
 */
export async function eventually<T>(question: () => Promise<T> | T, withinMs = WITHIN_MS): Promise<Exclude<T, false | null | undefined>> {
  const begin = performance.now()
  for (;;) {
    const answer = await Promise.resolve()
      .then(question)
      .catch(() => undefined)
    if (answer) return answer as Exclude<T, false | null | undefined>
    const waited = performance.now() - begin
    if (waited > withinMs) throw new Error(`not within ${withinMs} ms: ${question.toString()}`)
    await pause(nextLook(waited))
  }
}

const nextLook = (waitedMs: number): number => Math.min(LOOK_EVERY_MS, Math.max(LOOK_AFTER_MS, waitedMs * LATE_BY))

interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
}

/**
 * Asks again while it is too early for an answer: a list whose read model is behind says so, and what depends on one is 503.
 * Clients to whom that matters do the same; a slow machine answers late, and not wrong.
 */
export async function current<T extends HttpAnswer>(ask: () => Promise<T>): Promise<T> {
  for (const begin = performance.now(); ;) {
    const answer = await ask()
    const isEarly = answer.status === 503 || answer.headers.get('Evergrant-Read-Model') === 'behind'
    const waited = performance.now() - begin
    if (!isEarly || waited > WITHIN_MS) return answer
    await pause(nextLook(waited))
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
