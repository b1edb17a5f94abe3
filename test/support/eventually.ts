import { setTimeout as pause } from 'node:timers/promises'

const LOOK_EVERY_MS = 10

/**
 * Repeats a question until its answer is truthy; for what announces itself by no event.
 * The linter lets tests pause nowhere else: a pause is too short or too long.
 */
export async function eventually<T>(question: () => Promise<T> | T, withinMs = 15_000): Promise<Exclude<T, false | null | undefined>> {
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
