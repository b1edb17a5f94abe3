import { createHash, timingSafeEqual } from 'node:crypto'
import { Controller, ForbiddenException, Get, Header, Inject, Req, Res, ServiceUnavailableException, UnauthorizedException } from '@nestjs/common'
import type { Request, Response } from 'express'
import pg from 'pg'
import { CONFIG, type Config } from '../config.js'
import { sealLagMetric } from '../event-store/seal-lag.js'
import { isLocal } from './metrics.js'

/** The injection token of a function that collects the metrics of all processes of this instance. */
export const METRICS = Symbol('metrics')

/** The rest of the metrics waits no longer for the database. */
const DATABASE_MS = 1000

/** Prometheus' text format, for this machine and for who knows METRICS_TOKEN. */
@Controller('metrics')
export class MetricsController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(METRICS) private readonly collect: () => Promise<string>,
    @Inject(pg.Pool) private readonly pool: pg.Pool,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  async metrics(@Req() req: Request, @Res({ passthrough: true }) res: Response): Promise<string> {
    this.#admit(req, res)
    const own = this.collect().catch(() => {
      throw new ServiceUnavailableException({ error: 'temporarily_unavailable', error_description: 'A process of this instance did not answer.' })
    })
    const text = (await Promise.all([own, this.#sealLag()])).join('')
    res.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
    return text
  }

  /** Asked of the database at each scrape: it is to grow also where nobody seals any more. Empty where the database does not answer. */
  async #sealLag(): Promise<string> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<string>((done) => (timer = setTimeout(done, DATABASE_MS, '')))
    const text = await Promise.race([sealLagMetric(this.pool).catch(() => ''), late])
    clearTimeout(timer)
    return text
  }

  /** Answers 401 where a token would help, 403 where none is configured. */
  #admit(req: Request, res: Response): void {
    const [scheme, token] = (req.headers.authorization ?? '').split(' ')
    const expected = this.config.metricsToken
    if (expected && scheme?.toLowerCase() === 'bearer' && token && sameText(token, expected)) return
    if (isLocal(req)) return
    if (!expected) throw new ForbiddenException({ error: 'access_denied', error_description: 'Metrics are open to this machine only; set METRICS_TOKEN.' })
    res.setHeader('WWW-Authenticate', 'Bearer realm="metrics"')
    throw new UnauthorizedException({ error: 'invalid_token', error_description: 'Metrics need the bearer token METRICS_TOKEN.' })
  }
}

const sameText = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
