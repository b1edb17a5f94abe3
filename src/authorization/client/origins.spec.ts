import type { ClientDocument } from './client.events.js'
import { allowsOrigin } from './origins.js'

const allows = (client: Partial<ClientDocument>, origin: string): boolean => allowsOrigin(client as ClientDocument, origin)

describe('the origins of a client', () => {
  it('are its allowed ones and those of its callbacks, whatever follows the host', () => {
    const client = { allowed_origins: ['https://Allowed.example.com/'], callbacks: ['https://app.example.com:8443/cb?x#y', 'com.example.app://cb'] }
    expect(allows(client, 'https://allowed.example.com')).toBe(true)
    expect(allows(client, 'https://app.example.com:8443')).toBe(true)
    for (const origin of ['https://app.example.com', 'http://allowed.example.com', 'https://x.allowed.example.com']) expect(allows(client, origin)).toBe(false)
  })

  it('may have a star for the left-most label, which stands for one label', () => {
    const client = { allowed_origins: ['https://*.example.com'] }
    expect(allows(client, 'https://a.example.com')).toBe(true)
    for (const origin of ['https://example.com', 'https://a.b.example.com', 'https://aexample.com']) expect(allows(client, origin)).toBe(false)
  })

  it('are none where there are none, or no list of texts', () => {
    expect(allows({}, 'https://a.example.com')).toBe(false)
    expect(allows({ allowed_origins: 'https://a.example.com' as never, callbacks: [null, 5, {}] as never }, 'https://a.example.com')).toBe(false)
  })
})
