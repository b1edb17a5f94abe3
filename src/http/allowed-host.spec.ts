import { isAllowedHost } from './allowed-host.js'

describe('an allowed host', () => {
  it.each(['api.example.com', 'api.example.com:8443', '*.example.com', '203.0.113.5', 'localhost:3000'])('may be %s', (entry) => {
    expect(isAllowedHost(entry)).toBe(true)
  })

  it.each(['', '*', '*.', 'a b', 'https://x.example', 'x.example/path', 'x.example:0', 'x.example:70000', 'a,b', '[::1]', '-x.example', 'x=y', '--allow-all'])(
    'may not be "%s"',
    (entry) => expect(isAllowedHost(entry)).toBe(false),
  )
})
