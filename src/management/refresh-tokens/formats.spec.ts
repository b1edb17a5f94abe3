import { DEVICE_CREDENTIAL_ID, isTime } from './formats.js'

describe('a time', () => {
  it.each([
    '2026-01-31T12:00:00Z',
    '2026-01-31T12:00:00.123456789Z',
    '2024-02-29T23:59:59.9+14:00',
    '2026-01-31T00:00:00-11:30',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ])('%s', (text) => expect(isTime(text)).toBe(true))

  it.each([
    '',
    'now',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-01-31T12:00Z',
    '2026-02-29T00:00:00Z',
    '2026-02-30T23:00:00+02:00',
    '2026-13-01T00:00:00Z',
    '2026-01-31T25:00:00Z',
    '2026-01-31t12:00:00z',
    ' 2026-01-31T12:00:00Z',
    '20260131T120000Z',
    '0000-12-31T23:59:59Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '1767225600',
  ])('is not %j', (text) => expect(isTime(text)).toBe(false))
})

describe('the id of a device credential', () => {
  it.each(['dcr_0123456789abcdEF', '0123456789abcdef01234567'])('%s', (id) => expect(DEVICE_CREDENTIAL_ID.test(id)).toBe(true))
  it.each(['dcr_', 'dcr_0123456789abcdEF0', 'dcr_0123456789abcd-F', 'rt_0123456789abcdEF', '0123456789ABCDEF01234567', 'dcr_0123456789abcdEF\n'])(
    'is not %j',
    (id) => expect(DEVICE_CREDENTIAL_ID.test(id)).toBe(false),
  )
})
