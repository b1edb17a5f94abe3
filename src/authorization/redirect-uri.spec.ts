import type { ClientDocument } from './client/client.events.js'
import { CLIENT_DEFAULTS } from './client/client.js'
import { isRegistered, isVerifiable } from './redirect-uri.js'

const client = (callbacks: string[], more: Partial<ClientDocument> = {}): ClientDocument => ({
  ...CLIENT_DEFAULTS,
  client_id: 'c',
  name: 'c',
  callbacks,
  ...more,
})

describe('a redirect URI', () => {
  it('must be registered to the letter, but for the case of scheme and host', () => {
    const app = client(['https://App.example/cb?x=1'])
    expect(isRegistered('HTTPS://app.EXAMPLE/cb?x=1', app)).toBe(true)
    for (const other of ['https://app.example/CB?x=1', 'https://app.example/cb', 'https://app.example/cb?x=1&y=2', 'https://app.example:443/cb?x=1']) {
      expect([other, isRegistered(other, app)]).toEqual([other, false])
    }
  })

  it('has no fragment, no backslash, no blank and no control character', () => {
    const app = client(['https://app.example/cb', 'https://app.example\\@evil.example/', 'https://app.example/c b'])
    for (const other of [
      'https://app.example/cb#',
      'https://app.example/cb#x',
      'https://app.example\\@evil.example/',
      'https://app.example/c b',
      ' https://app.example/cb',
      'https://app.example/cb\n',
    ]) {
      expect([other, isRegistered(other, app)]).toEqual([other, false])
    }
  })

  it('may be an app’s own scheme, and never one that a browser runs', () => {
    const app = client(['com.example.app://callback/x', 'com.example.app:/oauth', 'javascript:alert(1)', 'data:text/html,x'])
    expect(isRegistered('com.example.app://callback/x', app)).toBe(true)
    expect(isRegistered('com.example.app:/oauth', app)).toBe(true)
    expect(isRegistered('javascript:alert(1)', app)).toBe(false)
    expect(isRegistered('JavaScript:alert(1)', app)).toBe(false)
    expect(isRegistered('data:text/html,x', app)).toBe(false)
  })

  it('may have any one label where a star is registered', () => {
    const app = client(['https://*.app.example:8443/cb'])
    expect(isRegistered('https://pr-1.app.example:8443/cb', app)).toBe(true)
    for (const other of [
      'https://a.b.app.example:8443/cb',
      'https://app.example:8443/cb',
      'https://x@.app.example:8443/cb',
      'https://evil.example/.app.example:8443/cb',
      'https://evil.example?.app.example:8443/cb',
      'https://.app.example:8443/cb',
      'https://*.app.example:8443/cb',
    ]) {
      expect([other, isRegistered(other, app)]).toEqual([other, false])
    }
    expect(isRegistered('https://a.app.example/cb', client(['https://*.app.example/cb'], { is_first_party: false }))).toBe(false)
    expect(isRegistered('https://a.b.example/cb', client(['https://*.*.example/cb']))).toBe(false)
  })

  it('may have the name of the organization where a label is registered for it', () => {
    const app = client(['https://{organization_name}.app.example/cb'])
    expect(isRegistered('https://acme.app.example/cb', app, 'acme')).toBe(true)
    for (const [other, name] of [
      ['https://acme.app.example/cb', 'other'],
      ['https://acme.app.example/cb', undefined],
      ['https://{organization_name}.app.example/cb', undefined],
      ['https://{organization_name}.app.example/cb', 'acme'],
      ['https://evil.example/acme.app.example/cb', 'acme'],
    ] as const) {
      expect([other, isRegistered(other, app, name)]).toEqual([other, false])
    }
    expect(isRegistered('https://acme.app.example/cb', client(['https://{organization_name}.app.example/cb'], { is_first_party: false }), 'acme')).toBe(false)
    for (const callback of ['https://app.example/{organization_name}', 'https://x-{organization_name}.app.example/', 'https://{organization_name}:3000/']) {
      expect(isRegistered(callback.replace('{organization_name}', 'acme'), client([callback]), 'acme')).toBe(false)
    }
  })

  it('of a native app may have any port of its loopback address', () => {
    const native = { app_type: 'native' }
    expect(isRegistered('http://127.0.0.1:51004/cb', client(['http://127.0.0.1/cb'], native))).toBe(true)
    expect(isRegistered('http://[::1]:51004/cb', client(['http://[::1]:1/cb'], native))).toBe(true)
    expect(isRegistered('http://127.0.0.1:51004/cb', client(['http://127.0.0.1/cb']))).toBe(false)
    expect(isRegistered('http://localhost:51004/cb', client(['http://localhost/cb'], native))).toBe(false)
    expect(isRegistered('http://127.0.0.1:51004/other', client(['http://127.0.0.1/cb'], native))).toBe(false)
  })
})

describe('what answers at an address', () => {
  it.each(['https://app.example/cb', 'https://localhost.example/cb', 'https://notlocalhost/cb', 'http://app.example/cb', 'https://127.0.0.1.example/cb'])(
    'can be known: %s',
    (uri) => expect(isVerifiable(uri)).toBe(true),
  )
  it.each([
    'http://localhost:3000/cb',
    'https://LOCALHOST./cb',
    'http://app.localhost/cb',
    'http://127.0.0.1/cb',
    'http://127.1/cb',
    'http://[::1]:80/cb',
    'com.example.app:/cb',
    'app://app.example/cb',
    '//app.example',
  ])('cannot be known: %s', (uri) => expect(isVerifiable(uri)).toBe(false))
})
