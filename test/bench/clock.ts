// eslint-disable-next-line no-restricted-syntax -- a bench measures for a time; a test waits for what should happen
import { setTimeout as timer } from 'node:timers/promises'

/** Lets time pass. */
export const elapse = (ms: number): Promise<void> => timer(ms)

/** As `elapse`, but a process with nothing else to do ends before. */
export const elapseIdly = (ms: number): Promise<void> => timer(ms, undefined, { ref: false })
