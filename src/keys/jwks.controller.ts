import { createHash } from 'node:crypto'
import { Controller, Get, Header, Res } from '@nestjs/common'
import type { Response } from 'express'
import { type PublishedJwk, SigningKeys } from './signing-keys.js'

/** GET /.well-known/jwks.json (RFC 7517 §5): public to everyone, and to scripts of every origin (spec/oauth.md §1.5, §14). */
@Controller('.well-known')
export class JwksController {
  constructor(private readonly signingKeys: SigningKeys) {}

  @Get('jwks.json')
  @Header('Cache-Control', 'public, max-age=15, stale-while-revalidate=15, stale-if-error=86400')
  @Header('Access-Control-Allow-Origin', '*')
  async jwks(@Res({ passthrough: true }) response: Response): Promise<{ keys: readonly PublishedJwk[] }> {
    const keys = await this.signingKeys.published()
    // Express compares it with If-None-Match and answers 304.
    response.setHeader(
      'ETag',
      `"${createHash('sha256')
        .update(keys.map(({ kid }) => kid).join())
        .digest('base64url')}"`,
    )
    return { keys }
  }
}
