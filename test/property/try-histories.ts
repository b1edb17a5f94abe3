import fc from 'fast-check'

/** On however slow a machine. */
const AT_LEAST = 20

interface Effort<T> {
  readonly atMost: number
  readonly seconds: number
  /** Tried before all others. */
  readonly examples?: T[]
}

/**
 * Tries twenty histories, and more of them until the time is up: `isOver` says so then, and what has not begun is left out. None is broken off in
 * the middle, since it would go on beside the next test.
 */
export async function tryHistories<T>(property: (isOver: () => boolean) => fc.IAsyncProperty<T>, { atMost, seconds, examples }: Effort<T>): Promise<void> {
  const always = property(() => false)
  await fc.assert(always, { numRuns: AT_LEAST, ...(examples && { examples }) })
  const end = performance.now() + seconds * 1000
  const inTime = property(() => performance.now() > end)
  await fc.assert(inTime, { numRuns: atMost })
}
