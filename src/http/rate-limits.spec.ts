import type { Response } from 'express'
import { completeConfig, loadConfig } from '../config.js'
import { callerOf, RateLimits } from './rate-limits.js'

const configOf = (env: Record<string, string>): ReturnType<typeof completeConfig> =>
  completeConfig(loadConfig({ DATABASE_URL: 'postgres://x/y', ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'), ...env }))

function answer(): { res: Response; headers: Record<string, string> } {
  const headers: Record<string, string> = {}
  return { headers, res: { set: (more: Record<string, string>) => Object.assign(headers, more) } as unknown as Response }
}

describe('rate limits', () => {
  it('let the last one of the window pass, refuse the next, and report one refusal', async () => {
    const limits = new RateLimits(configOf({ RATE_LIMITS_OAUTH_PER_MINUTE: '2' }))
    const results = []
    const { res, headers } = answer()
    for (let n = 0; n < 4; n++) results.push(await limits.count('oauth', 'caller', res))
    expect(results.map((result) => result?.exceeded)).toEqual([false, false, true, true])
    expect(results.map((result) => result?.firstRefusal)).toEqual([false, false, true, false])
    expect(headers).toMatchObject({ 'X-RateLimit-Limit': '2', 'X-RateLimit-Remaining': '0' })
    expect(Number(headers['Retry-After'])).toBeGreaterThan(0)
    expect(Number(headers['X-RateLimit-Reset'])).toBeGreaterThan(Date.now() / 1000 - 1)
  })

  it('count callers and buckets apart', async () => {
    const limits = new RateLimits(configOf({ RATE_LIMITS_OAUTH_PER_MINUTE: '1' }))
    const { res } = answer()
    expect((await limits.count('oauth', 'a', res))?.exceeded).toBe(false)
    expect((await limits.count('oauth', 'b', res))?.exceeded).toBe(false)
    expect((await limits.count('management', 'a', res))?.exceeded).toBe(false)
  })

  it('are silent when they are off', async () => {
    const limits = new RateLimits(configOf({ RATE_LIMITS: 'off', RATE_LIMITS_OAUTH_PER_MINUTE: '1' }))
    const { res, headers } = answer()
    expect(await limits.count('oauth', 'a', res)).toBeUndefined()
    expect(headers).toEqual({})
  })

  it('take an IPv6 network for one caller', () => {
    expect(callerOf('203.0.113.7')).toBe('203.0.113.7')
    expect(callerOf('::ffff:203.0.113.7')).toBe('203.0.113.7')
    expect(callerOf('2001:db8:1:2:3:4:5:6')).toBe(callerOf('2001:0db8:1:2::1'))
    expect(callerOf('2001:db8::1')).toBe('2001:db8:0:0')
    expect(callerOf('2001:db8:0:1::1')).not.toBe(callerOf('2001:db8::1'))
  })
})
