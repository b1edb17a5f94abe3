import { Global, Inject, Injectable, Module } from '@nestjs/common'
import { isIPv6 } from 'node:net'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Response } from 'express'
import { CONFIG, type Config } from '../config.js'

/** What is counted together: the OAuth endpoints by the caller's address, the Management API by client. */
type RateLimitBucket = 'oauth' | 'management'

const WINDOW_SECONDS = 60
/** So much of the limit used is near it. */
const NEAR = 0.9

export interface RateLimitResult {
  readonly exceeded: boolean
  /** The first refusal of this key in the window: the one for the log. */
  readonly firstRefusal: boolean
  /** The request of this key that came near the limit: one in the window, for the log. */
  readonly near: boolean
  readonly limit: number
  /** Requests of this key in the window, this one included. */
  readonly used: number
  readonly retryAfterSeconds: number
}

/**
 * General request limits, generous because they only keep one caller from taking the service away from the others. Each worker process
 * counts for itself, so that counting costs no round trip: an instance of n workers lets up to n times the limit pass.
 * RATE_LIMITS=off switches them off. Limits on guessing are another matter, kept where the guess is checked.
 */
@Injectable()
export class RateLimits {
  readonly #limiters: Readonly<Record<RateLimitBucket, RateLimiterMemory>> | undefined

  constructor(@Inject(CONFIG) { rateLimits, settings }: Config) {
    const limiter = (points: number): RateLimiterMemory => new RateLimiterMemory({ points, duration: WINDOW_SECONDS })
    if (rateLimits) this.#limiters = { oauth: limiter(settings.rateLimitsOauthPerMinute), management: limiter(settings.rateLimitsManagementPerMinute) }
  }

  /** Counts a request of `key` and says so in the answer's headers; undefined where limits are off. */
  async count(bucket: RateLimitBucket, key: string, res: Response): Promise<RateLimitResult | undefined> {
    const limiter = this.#limiters?.[bucket]
    if (!limiter) return undefined
    const now = Date.now()
    const { remainingPoints, msBeforeNext, consumedPoints } = await limiter.consume(key).catch((refused: unknown) => {
      if (refused instanceof RateLimiterRes) return refused
      throw refused
    })
    const exceeded = consumedPoints > limiter.points
    const retryAfterSeconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
    res.set({
      'X-RateLimit-Limit': String(limiter.points),
      'X-RateLimit-Remaining': String(Math.max(0, remainingPoints)),
      'X-RateLimit-Reset': String(Math.ceil((now + msBeforeNext) / 1000)),
      ...(exceeded && { 'Retry-After': String(retryAfterSeconds) }),
    })
    const { points: limit } = limiter
    const [firstRefusal, near] = [consumedPoints === limit + 1, consumedPoints === Math.ceil(limit * NEAR)]
    return { exceeded, firstRefusal, near, limit, used: consumedPoints, retryAfterSeconds }
  }
}

/** The caller as limits see it: an IPv6 network of /64 is one caller, since it has any number of addresses. */
export function callerOf(ip: string): string {
  if (!isIPv6(ip) || ip.startsWith('::ffff:')) return ip.replace(/^::ffff:/, '')
  const [head = '', tail = ''] = ip.split('::')
  const groups = [head, tail].map((part) => part.split(':').filter(Boolean))
  const zeros = Array.from({ length: Math.max(0, 8 - groups[0]!.length - groups[1]!.length) }, () => '0')
  return [...groups[0]!, ...(ip.includes('::') ? zeros : []), ...groups[1]!]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')
}

@Global()
@Module({ providers: [RateLimits], exports: [RateLimits] })
export class RateLimitsModule {}
