import fc from 'fast-check'
import { certificateFor } from '../../../test/support/certificates.js'
import { type DistinguishedName, formatName, InvalidNameError, isSameName, parseName, subjectOf } from './distinguished-name.js'

const same = (a: string, b: string): boolean => isSameName(parseName(a), parseName(b))

describe('a distinguished name', () => {
  it('is read the most special part first, with its escapes', () => {
    expect(parseName('CN=Zo\\C3\\AB \\+ \\#1\\20 , OU=a+2.5.4.5=77,O=Acme\\, Inc. \\"x\\",C=US')).toEqual([
      [{ oid: '2.5.4.6', value: 'US' }],
      [{ oid: '2.5.4.10', value: 'Acme, Inc. "x"' }],
      [
        { oid: '2.5.4.11', value: 'a' },
        { oid: '2.5.4.5', value: '77' },
      ],
      [{ oid: '2.5.4.3', value: 'Zoë + #1 ' }],
    ])
  })

  it.each([
    ['CN=Client A,O=Acme', 'cn=client  a, o=ACME'],
    ['CN=x,OU=a+serialNumber=7', 'CN=x,serialNumber=7+OU=a'],
    ['2.5.4.3=x', 'CN=x'],
    ['emailAddress=a@b.c,CN=x', 'E=A@b.c,CN=x'],
    ['CN=ﬁ,O=Ａ', 'CN=fi,O=a'],
    ['CN=x,O=Acme,C=US', 'C=US\nO=Acme\nCN=x\n'],
    ['CN=x,OU=a+serialNumber=7', 'OU=a + serialNumber=7\nCN=x'],
  ])('%j and %j are the same', (a, b) => {
    expect(same(a, b)).toBe(true)
  })

  it.each([
    ['CN=x,O=Acme', 'O=Acme,CN=x'],
    ['CN=x,O=Acme', 'CN=x'],
    ['CN=x', 'CN=x,O=Acme'],
    ['CN=x', 'OU=x'],
    ['CN=a+OU=b', 'CN=a,OU=b'],
    ['CN=a\\,OU=b', 'CN=a,OU=b'],
    ['CN=a\\+OU=b', 'CN=a+OU=b'],
    ['CN=x', 'CN=x\\00'],
    ['CN=xy', 'CN=x y'],
    ['CN=e', 'CN=é'],
  ])('%j and %j are two', (a, b) => {
    expect(same(a, b)).toBe(false)
  })

  it.each([
    '',
    'x',
    'CN',
    'CN=',
    'CN=x,',
    '=x',
    'XX=y',
    'CN=a;b',
    'CN="a"',
    'CN=a=b<',
    'CN=#0c0161',
    'CN=a\\',
    'CN=a\\x',
    'CN=\\ff',
    '__proto__=x',
    'constructor=x',
  ])('%j is none', (text) => {
    expect(() => parseName(text)).toThrow(InvalidNameError)
  })

  it('that is empty is nobody’s', () => {
    expect(isSameName([], [])).toBe(false)
  })

  const attribute = fc.record({
    oid: fc.constantFrom('2.5.4.3', '2.5.4.10', '2.5.4.97', '1.2.3.4.5'),
    value: fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((value) => !/\p{Surrogate}/u.test(value) && value.trim() !== ''),
  })
  const name: fc.Arbitrary<DistinguishedName> = fc.array(fc.array(attribute, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })

  it('is read as it was written, whatever is in it', () => {
    fc.assert(fc.property(name, (written) => expect(parseName(formatName(written))).toEqual(written)))
    fc.assert(
      fc.property(name, name, (a, b) => {
        // Two names that differ in their text, but for case and spaces, are two.
        const texts = [a, b].map((one) => JSON.stringify(one.map((part) => part.map(({ oid, value }) => `${oid}=${value}`).sort())))
        if (texts[0] === texts[1]) expect(isSameName(a, b)).toBe(true)
        expect(isSameName(a, b)).toBe(isSameName(b, a))
      }),
    )
  })

  it('of any text is read, or refused as none, and never worse', () => {
    const characters = fc.string({ unit: fc.constantFrom('C', 'N', '=', ',', '+', '\\', '"', '#', ' ', '0', 'f', '\n', 'ü', ';', '2.5'), maxLength: 20 })
    fc.assert(
      fc.property(characters, (text) => {
        try {
          parseName(text)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidNameError)
        }
      }),
    )
  })

  it('is that of a certificate', async () => {
    const subject = [{ C: ['US'] }, { O: ['Acme, Inc.'] }, { CN: ['client +1'], OU: ['a'] }]
    const { certificate } = await certificateFor(subject)
    expect(isSameName(subjectOf(certificate), parseName('OU=a+CN=client \\+1,O=Acme\\, Inc.,C=US'))).toBe(true)
    expect(isSameName(subjectOf(certificate), parseName(certificate.subject))).toBe(true)
    expect(isSameName(subjectOf(certificate), parseName(formatName(subjectOf(certificate))))).toBe(true)
    expect(isSameName(subjectOf(certificate), parseName('CN=client \\+1,O=Acme\\, Inc.,C=US'))).toBe(false)
  })
})
