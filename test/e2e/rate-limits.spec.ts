import { startApp } from '../support/app.js'
import { OAuthScene } from '../support/oauth.js'

describe('rate limits', () => {
  it('are told with every answer, and refuse people with a page', async () => {
    const limited = await startApp({ RATE_LIMITS: 'on', RATE_LIMITS_OAUTH_PER_MINUTE: '12' })
    try {
      const other = new OAuthScene(limited)
      const requests = [
        ['GET', 'authorize'],
        ['GET', 'v2/logout'],
        ['GET', 'oidc/logout'],
        ['PUT', 'authorize'],
        ['GET', '.well-known/openid-configuration'],
        ['GET', '.well-known/jwks.json'],
        ['POST', '.well-known/jwks.json'],
        ['GET', 'oauth/token'],
        ['GET', 'oauth/revoke'],
        ['GET', 'oauth/introspect'],
        ['DELETE', 'userinfo'],
        ['POST', 'oauth/par'],
      ] as const
      for (const [n, [method, path]] of requests.entries()) {
        const { headers } = await other.send(method, path)
        const [limit, remaining] = [headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')]
        expect({ path, limit, remaining }).toEqual({ path, limit: '12', remaining: String(11 - n) })
        expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000)
      }
      for (const [path, origin] of [
        ['authorize', null],
        ['.well-known/jwks.json', '*'],
        ['.well-known/openid-configuration', '*'],
      ] as const) {
        const { status, headers, body } = await other.send('GET', path)
        expect({ status, cached: headers.get('cache-control') }).toEqual({ status: 429, cached: 'no-store' })
        expect(headers.get('access-control-allow-origin')).toBe(origin)
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
        expect(JSON.stringify(body)).toContain('too_many_requests')
      }
      expect(await other.facts('RateLimited')).toHaveLength(1)
    } finally {
      await limited.close()
    }
  })

  it('count, and refuse with the time to wait, readable for the script that called', async () => {
    const limited = await startApp({ RATE_LIMITS: 'on', RATE_LIMITS_OAUTH_PER_MINUTE: '3' })
    try {
      const other = new OAuthScene(limited)
      const client = await other.client({ callbacks: ['https://spa.example.org/cb'] })
      for (let left = 2; left >= 0; left--) {
        const { status, headers } = await other.refresh(client, 'x')
        expect({ status, remaining: headers.get('x-ratelimit-remaining'), limit: headers.get('x-ratelimit-limit') }).toEqual({
          status: 403,
          remaining: String(left),
          limit: '3',
        })
        expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000 - 1)
      }
      for (let n = 0; n < 2; n++) {
        const { status, headers, body } = await other.token(client, { grant_type: 'refresh_token', refresh_token: 'x' }, { origin: 'https://spa.example.org' })
        expect(status).toBe(429)
        expect(body).toEqual({
          error: 'too_many_requests',
          error_description: 'Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers.',
        })
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
        expect(headers.get('access-control-allow-origin')).toBe('https://spa.example.org')
      }
      expect(await other.facts('RateLimited')).toHaveLength(1)
      expect(await other.facts('RateLimitNear')).toHaveLength(1)
    } finally {
      await limited.close()
    }
  })
})
