import { checkOidcLogout } from './oidc-logout-rules.js'

const issuer = 'https://id.example.com:8443/'
const check = (url: string, allowInsecure: boolean) => (): void => checkOidcLogout({ backchannel_logout_urls: [url] }, { issuer, allowInsecure })

it('takes addresses that are not public where the operator allows them', () => {
  for (const url of ['http://app.example.com/bye', 'https://127.0.0.1/bye', 'http://localhost:3001/bye']) {
    expect(check(url, true)).not.toThrow()
    expect(check(url, false)).toThrow('backchannel_logout_urls')
  }
})

it.each(['https://id.example.com:8443/bye', 'https://ID.example.com:8443', 'http://id.example.com:8443/'])('never takes this very service: %s', (url) => {
  for (const allowInsecure of [true, false]) expect(check(url, allowInsecure)).toThrow('An address of this very service')
})
