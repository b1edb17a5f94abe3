import proxyAddr from 'proxy-addr'
import { addressesOf, told } from './forwarded.js'

const isTrusted = proxyAddr.compile(['loopback', '10.0.0.0/8'])
const by = (header: string, peer = '127.0.0.1') => told(header, peer, isTrusted)

describe('Forwarded', () => {
  test('of a trusted peer tells where the request came from, and by which address', () => {
    expect(by('for=192.0.2.60;proto=HTTPS;by=203.0.113.43;host=id.example.com')).toEqual({ ip: '192.0.2.60', proto: 'https', host: 'id.example.com' })
    expect(by('For="[2001:db8:cafe::17]:4711"')).toEqual({ ip: '2001:db8:cafe::17' })
    expect(by('for="192.0.2.60:47011"; Host="id.example.com:8443"')).toEqual({ ip: '192.0.2.60', host: 'id.example.com:8443' })
  })

  test('of anybody else tells nothing', () => expect(by('for=192.0.2.60;proto=https', '203.0.113.9')).toEqual({}))

  test('is read back to the first that is no proxy: what stands before came from there', () => {
    expect(by('for=198.51.100.1;host=evil.example, for=192.0.2.60;host=id.example.com, for=10.0.0.2')).toEqual({ ip: '192.0.2.60', host: 'id.example.com' })
    expect(by('for=198.51.100.1, for=unknown, for=10.0.0.2')).toEqual({ ip: '10.0.0.2' })
    expect(by('for=198.51.100.1, for=_hidden;proto=https')).toEqual({ proto: 'https' })
    expect(by('for=10.0.0.3, for=10.0.0.2')).toEqual({ ip: '10.0.0.3' })
  })

  test.each([
    '',
    ',',
    'for',
    'for=',
    'for=1;for=2',
    'for=192.0.2.1;;',
    'for=[::1]',
    '\u00e9',
    'for="192.0.2.1',
    '__proto__=1',
    'for=999.1.1.1',
    'for="[x]"',
    'for="2001:db8::a:17"',
    'for="[192.0.2.1]"',
    'host="a b"',
    'proto=javascript',
  ])('that is not well-formed tells nothing: %j', (header) => expect(by(header)).toEqual({}))
})

test.each([
  ['192.0.2.60', '192.0.2.60'],
  ['192.0.2.60:47011, 10.0.0.2:80', '192.0.2.60, 10.0.0.2'],
  ['2001:db8::17, [2001:db8::18]:443,[::1]', '2001:db8::17, 2001:db8::18, ::1'],
  ['198.51.100.1, unknown, 192.0.2.60', '192.0.2.60'],
  ['192.0.2.60, garbage', ''],
  ['', ''],
])('of X-Forwarded-For the addresses count, behind the last that is none: %s', (header, addresses) => expect(addressesOf(header)).toBe(addresses))
