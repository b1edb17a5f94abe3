/** Whose key hides what nobody known left behind: of a day's visitors all together. It ages out with the log (docs/adr/0003-main-job.md). */
export const visitorsOf = (at = new Date()): string => `visitor-${at.toISOString().slice(0, 10)}`
