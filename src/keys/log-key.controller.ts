import { Controller, Get, Header, Inject } from '@nestjs/common'
import pg from 'pg'
import { publicKeys } from './log-key.js'

interface PublicLogKey {
  readonly kid: string
  /** SPKI, DER, base64. */
  readonly publicKey: string
  readonly createdAt: string
}

/** GET /.well-known/evergrant-log-key: what a security team checks the seals of an exported log with. Public. */
@Controller('.well-known')
export class LogKeyController {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  @Get('evergrant-log-key')
  @Header('Cache-Control', 'public, max-age=60')
  @Header('Access-Control-Allow-Origin', '*')
  async keys(): Promise<{ keys: PublicLogKey[] }> {
    const rows = await publicKeys(this.pool)
    return {
      keys: rows.map(({ id, public_key, created_at }) => ({ kid: id, publicKey: public_key.toString('base64'), createdAt: created_at.toISOString() })),
    }
  }
}
