/**
 * A log_id is `900`, 17 digits of time, 34 of its event's position, and 2 that number the rows of one event (spec/logs.md §6.1).
 * This one is smaller than that of every row from a time on, and was never given to a row: a place to begin after.
 */
export const cursorAt = (time: Date): string => `900${time.toISOString().replace(/\D/g, '')}`.padEnd(56, '0')

/** The position of the event that a row tells of. */
export const positionIn = (logId: string): number => Number(logId.slice(20, 54))
