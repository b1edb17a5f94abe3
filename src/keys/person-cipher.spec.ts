import { randomBytes, randomUUID } from 'node:crypto'
import type { PersonalData } from '../event-store/event.js'
import { keyIdOf, openSealed, parseSealed, PersonalDataError, sealWith } from './person-cipher.js'

const keyId = randomUUID()
const key = randomBytes(32)
const openWith = (opening: Buffer, data: PersonalData): unknown => openSealed(opening, parseSealed(data))

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

  describe('for an origin', () => {
    const userAgent = 'Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.122 Mobile Safari/537.36'
    const origin = { ip: '203.0.113.5', userAgent }

    it.each([
      [origin],
      [{ ip: '', userAgent: '' }],
      [{ ip: '2001:db8::1', userAgent: 'ünkñown €\n"' }],
      [{ ip: '203.0.113.5', userAgent: randomBytes(300).toString('hex') }],
    ])('opens what it sealed: %p', (value) => {
      const sealed = sealWith(keyId, key, value)
      expect(keyIdOf(sealed)).toBe(keyId)
      expect(openWith(key, sealed)).toEqual(value)
    })

    it('takes a fraction of its length, in steps', () => {
      const sealed = sealWith(keyId, key, origin)
      expect(sealed).toHaveLength(148)
      expect(sealWith(keyId, key, { ...origin, ip: '203.0.113.56' })).toHaveLength(148)
      expect(sealWith(keyId, key, origin)).not.toBe(sealed)
    })

    it.each([['a\tb'], ['\0'], ['😀'], ['\ud800']])('keeps to the longer form for what the shorter one cannot carry: %j', (odd) => {
      for (const value of [
        { ip: '203.0.113.5', userAgent: odd },
        { ip: odd, userAgent },
      ]) {
        const sealed = sealWith(keyId, key, value)
        expect(sealed).toMatch(/^pd1\./)
        expect(openWith(key, sealed)).toEqual(value)
      }
    })

    it('refuses another key, another key id and a changed text', () => {
      const sealed = sealWith(keyId, key, origin)
      expect(() => openWith(randomBytes(32), sealed)).toThrow(PersonalDataError)
      for (const place of [4, 20, 40, sealed.length - 20]) {
        const changed = sealed.slice(0, place) + (sealed[place] === 'A' ? 'B' : 'A') + sealed.slice(place + 1)
        expect(() => openWith(key, changed as PersonalData)).toThrow(PersonalDataError)
      }
      for (const junk of ['pd2', 'pd2.', 'pd2.AAAA', sealed.slice(0, 26), sealed.slice(0, 60)])
        expect(() => openWith(key, junk as PersonalData)).toThrow(PersonalDataError)
    })

    // What stands in a log is read for as long as the log is kept.
    it.each([
      [
        'in the form of before',
        'pd1.6cfe4445-527e-455c-8dfc-f2a6ec0f8962.hvK_DEUnZw-hrtaP.S-40pLVxM423qgQ2BFxLqiGFgSizMy9O76DrzRF5M4VXP4bDvOVvRZwqQXgcGDIijidGmLwqUh03wVHuv_S5BH0CyPA-nciu-aW1ixd_TZHpGFASQDVyfLWciLeH75ERw1IfxJpxe40sQSCXODVddR__adnhQLRWbgRY0E5JBJekBkRwjro1YhTPtoRGrjBYMTs6_fQUNdXHqzmQzIaiTc3gS0woZHuA7_ptkR-kIbM',
      ],
      [
        'in the form of now',
        'pd2.bP5ERVJ-RVyN_PKm7A-JYqUA3sfPD2q9csJYqLkCZ4qJoBXjNn8p0bdnyTNB79Hexsza-J134xdkAhV_cL-Q9D0g_oSTld4eeFeXiJtdd73lLFTpMFSq4uCLamh1shOmqP20Cug5jk-Vb0Ue',
      ],
    ])('opens what was sealed once, %s', (_, stored) => {
      expect(keyIdOf(stored as PersonalData)).toBe('6cfe4445-527e-455c-8dfc-f2a6ec0f8962')
      expect(openWith(Buffer.alloc(32, 7), stored as PersonalData)).toEqual(origin)
    })
  })
})
