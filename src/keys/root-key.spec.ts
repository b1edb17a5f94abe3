import { randomBytes } from 'node:crypto'
import { RootKeys, SealedTextError, UnknownRootKeyError } from './root-key.js'

const older = randomBytes(32)
const newer = randomBytes(32)
const keys = new RootKeys([newer, older])
const onlyOlder = new RootKeys([older])

describe('root keys', () => {
  it('decrypts what it encrypted, each time into another text', () => {
    const texts = [1, 2].map(() => keys.encrypt('client-secret', 's3cret', 'client-a'))
    expect(texts[0]).not.toBe(texts[1])
    for (const text of texts) expect(keys.decrypt('client-secret', text, 'client-a').toString()).toBe('s3cret')
  })

  it('encrypts under the newest key and still decrypts what an older one encrypted', () => {
    expect(keys.encrypt('x', 'v', '')).toContain(keys.newestId)
    expect(keys.decrypt('x', onlyOlder.encrypt('x', 'v', ''), '').toString()).toBe('v')
  })

  it('names the key that is missing when the list no longer holds it', () => {
    const text = keys.encrypt('x', 'v', '')
    expect(() => onlyOlder.decrypt('x', text, '')).toThrow(UnknownRootKeyError)
    expect(() => onlyOlder.decrypt('x', text, '')).toThrow(keys.newestId)
  })

  it('refuses a text in another place, for another purpose, or with any character changed', () => {
    const text = keys.encrypt('x', 'value', 'row-1')
    expect(() => keys.decrypt('x', text, 'row-2')).toThrow(SealedTextError)
    expect(() => keys.decrypt('y', text, 'row-1')).toThrow(SealedTextError)
    for (let at = 0; at < text.length; at++) {
      const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
      // The last character of a part carries spare bits: a change there alone may decode to the same bytes.
      const spare = at === text.length - 1 || text[at + 1] === '.'
      if (!spare) expect(() => keys.decrypt('x', changed, 'row-1')).toThrow()
    }
    for (const junk of ['', 'rk1', 'rk1.a.b.c.d', `${text}.x`, 'null']) expect(() => keys.decrypt('x', junk, 'row-1')).toThrow()
  })

  it('derives one key per purpose, and its ids say nothing of the keys', () => {
    expect(keys.derive('a')).toHaveLength(32)
    expect(keys.derive('a')).toEqual(new RootKeys([newer]).derive('a'))
    expect(keys.derive('a')).not.toEqual(keys.derive('b'))
    expect(keys.derive('a')).not.toEqual(keys.derive('a', keys.ids[1]))
    expect(keys.newestId).toMatch(/^[0-9a-f]{8}$/)
    expect(newer.toString('hex')).not.toContain(keys.newestId)
  })

  it('refuses a short key, a double key and an empty list', () => {
    for (const list of [[], [randomBytes(31)], [newer, newer]]) expect(() => new RootKeys(list)).toThrow('ENCRYPTION_KEY')
  })
})
