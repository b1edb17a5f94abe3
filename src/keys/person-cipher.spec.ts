import { randomBytes, randomUUID } from 'node:crypto'
import type { PersonalData } from '../event-store/event.js'
import { keyIdOf, openWith, PersonalDataError, sealWith } from './person-cipher.js'

const keyId = randomUUID()
const key = randomBytes(32)

describe('the person cipher', () => {
  it.each([['203.0.113.5'], [''], [null], [{ 'ä ': ['€', 1, true] }], ['x'.repeat(5000)]])('opens what it sealed: %p', (value) => {
    const sealed = sealWith(keyId, key, value)
    expect(keyIdOf(sealed)).toBe(keyId)
    expect(openWith(key, sealed)).toEqual(value)
  })

  it('shows the length of a value in steps only', () => {
    const lengths = [1, 10, 20, 30].map((n) => sealWith(keyId, key, 'x'.repeat(n)).length)
    expect(new Set(lengths).size).toBe(1)
    expect(sealWith(keyId, key, 'x'.repeat(31)).length).toBeGreaterThan(lengths[0]!)
  })

  it('never gives two values one text', () => {
    expect(sealWith(keyId, key, 'same')).not.toBe(sealWith(keyId, key, 'same'))
  })

  it('refuses another key, another key id, a changed text and what is no text of ours', () => {
    const sealed = sealWith(keyId, key, 'value')
    expect(() => openWith(randomBytes(32), sealed)).toThrow(PersonalDataError)
    expect(() => openWith(key, sealed.replace(keyId, randomUUID()) as PersonalData)).toThrow(PersonalDataError)
    const middle = sealed.length - 20
    const changed = sealed.slice(0, middle) + (sealed[middle] === 'A' ? 'B' : 'A') + sealed.slice(middle + 1)
    expect(() => openWith(key, changed as PersonalData)).toThrow(PersonalDataError)
    for (const junk of ['', 'pd1', 'clear text', `pd1.${keyId}.AAAAAAAAAAAAAAAA.AA`]) {
      expect(() => openWith(key, junk as PersonalData)).toThrow(PersonalDataError)
    }
    expect(() => keyIdOf('203.0.113.5' as PersonalData)).toThrow(PersonalDataError)
  })
})
