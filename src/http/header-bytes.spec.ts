import { hasTooManyHeaderBytes } from './header-bytes.js'

/** As on the wire: `X: ` and the end of the line are five bytes. */
const withBytes = (bytes: number): boolean => hasTooManyHeaderBytes({ rawHeaders: ['X', 'x'.repeat(bytes - 5)] })

it('takes headers of 16 KB, and no more', () => {
  expect(withBytes(16_384)).toBe(false)
  expect(withBytes(16_385)).toBe(true)
  expect(hasTooManyHeaderBytes({ rawHeaders: Array.from({ length: 6000 }, () => 'x') })).toBe(true)
})
