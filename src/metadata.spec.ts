import { checkMetadata } from './metadata.js'

const entries = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, n) => [`key${n}`, 'v']))
const tooMuch = 'Metadata must not exceed 25 entries. Each key and value must be ≤ 255 characters.'
const badKey = 'Metadata keys may only include letters, numbers, underscores, or hyphens'

it.each([[{}], [entries(25)], [{ ['k'.repeat(255)]: 'v'.repeat(255) }], [{ a: '' }], [{ a: '😀'.repeat(255) }], [{ 'A-z_09': 'ä ö' }]])(
  'takes %#',
  (metadata) => {
    expect(() => checkMetadata(metadata)).not.toThrow()
  },
)

it.each([
  [entries(26), tooMuch],
  [{ ['k'.repeat(256)]: 'v' }, tooMuch],
  [{ a: 'v'.repeat(256) }, tooMuch],
  [{ 'a b': 'v' }, badKey],
  [{ '': 'v' }, badKey],
  [{ ä: 'v' }, badKey],
])('refuses %#', (metadata, message) => {
  expect(() => checkMetadata(metadata)).toThrow(message)
})
