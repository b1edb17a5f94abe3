/** A device credential's id, or one of the older kind, which finds nothing. */
export const DEVICE_CREDENTIAL_ID = /^(dcr_[A-Za-z0-9]{16}|[0-9a-f]{24})$/

/** RFC 3339 with a zone: which instant is meant must not depend on where the server stands. */
const TIME = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

/** Years that the database reads as they are written, in UTC. */
const YEAR = /^(?!0000)\d{4}-/

/** Whether a text is an instant of the years 1 to 9999; 2026-02-31 is none. */
export function isTime(value: string): boolean {
  const [, day, , zone] = TIME.exec(value) ?? []
  if (day === undefined || zone === undefined || Number.isNaN(Date.parse(value)) || !YEAR.test(new Date(value).toISOString())) return false
  const local = new Date(value.slice(0, -zone.length) + 'Z')
  return local.toISOString().startsWith(day)
}
