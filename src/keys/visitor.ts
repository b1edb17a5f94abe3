/** All unknown visitors of a day count as one person: their data is sealed under one key, which ages out with the log (docs/adr/0003-main-job.md). */
export const visitorsOf = (at = new Date()): string => `visitor-${at.toISOString().slice(0, 10)}`
