import { createHash } from 'node:crypto'
import { certificateFor, type Certified } from '../../test/support/certificates.js'
import { certificateThumbprint, isCurrent, readClientCertificate } from './client-certificate.js'

let one: Certified
let other: Certified
beforeAll(async () => {
  one = await certificateFor([{ CN: ['one'] }])
  other = await certificateFor([{ CN: ['other'] }])
})

const der = ({ certificate }: Certified): string => certificate.raw.toString('base64')
const escaped = ({ cert }: Certified): string => encodeURIComponent(cert)
const xfcc = (certified: Certified): string => `By=spiffe://here;Hash=abc;Cert="${escaped(certified)}";Chain="${escaped(other)}";Subject="CN=a,O=\\"b\\";c"`

describe('the header with a client’s certificate', () => {
  it.each<[string, () => string]>([
    ['nginx: URL-encoded PEM', () => escaped(one)],
    ['PEM with spaces for line breaks', () => one.cert.replaceAll('\n', ' ')],
    ['Traefik and HAProxy: base64 of the DER form', () => der(one)],
    ['Traefik: with the rest of the chain', () => `${der(one)},${der(other)}`],
    ['Traefik: URL-encoded', () => encodeURIComponent(der(one))],
    ['RFC 9440', () => `:${der(one)}:`],
    ['Envoy', () => xfcc(one)],
  ])('is read: %s', (_, value) => {
    const read = readClientCertificate(value())!
    expect(certificateThumbprint(read)).toBe(createHash('sha256').update(one.certificate.raw).digest('base64url'))
  })

  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['nginx without a certificate', () => '-'],
    ['words', () => 'not a certificate'],
    ['a private key', () => one.key],
    ['a key beside it', () => `${one.cert}${one.key}`],
    ['two in PEM', () => `${one.cert}${other.cert}`],
    ['a broken escape', () => `%2D%2D%zz`],
    ['half of one', () => der(one).slice(0, 200)],
    ['several senders of Envoy', () => `${xfcc(one)},${xfcc(other)}`],
    ['two in one element', () => `Cert="${escaped(one)}";Cert="${escaped(other)}"`],
    ['Envoy without a certificate', () => 'By=spiffe://here;Hash=abc;Subject="CN=a"'],
    ['one inside a subject', () => `Hash=a;Subject="CN=\\";Cert=\\"${escaped(one)}\\""`],
    ['too much', () => 'A'.repeat(20_000)],
  ])('is none: %s', (_, value) => {
    expect(readClientCertificate(value())).toBeUndefined()
  })

  it('has its time', async () => {
    const { certificate } = await certificateFor([{ CN: ['x'] }], { days: 2 })
    expect(isCurrent(certificate, new Date())).toBe(true)
    expect(isCurrent(certificate, new Date(Date.parse(certificate.validTo)))).toBe(false)
    expect(isCurrent(certificate, new Date(Date.parse(certificate.validFrom) - 1))).toBe(false)
    expect(isCurrent((await certificateFor([{ CN: ['x'] }], { days: -1 })).certificate, new Date())).toBe(false)
  })
})
