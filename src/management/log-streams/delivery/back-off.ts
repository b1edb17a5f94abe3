/** Tries of one round; a round that failed is told in the stream's health (spec/logs.md §5.1). */
const TRIES = 3
const WITHIN_ROUND_SECONDS = [1, 5]
const FIRST_ROUND_SECONDS = 60
const LONGEST_SECONDS = 3600
/** A stream that fails for so long is not tried any more. */
export const SUSPENDED_AFTER_DAYS = 7

/** Seconds from the `failures`-th failure in a row to the next try, and whether a round ends with it. */
export function backOff(failures: number): { readonly seconds: number; readonly roundEnds: boolean } {
  const place = (failures - 1) % TRIES
  if (place < TRIES - 1) return { seconds: WITHIN_ROUND_SECONDS[place]!, roundEnds: false }
  const rounds = Math.ceil(failures / TRIES)
  return { seconds: Math.min(LONGEST_SECONDS, FIRST_ROUND_SECONDS * 2 ** Math.min(rounds - 1, 12)), roundEnds: true }
}
