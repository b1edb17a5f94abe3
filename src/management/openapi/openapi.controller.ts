import { createHash } from 'node:crypto'
import { Get, Inject, Res } from '@nestjs/common'
import type { Response } from 'express'
import { CONFIG, type Config } from '../../config.js'
import { ManagementController } from '../management-controller.js'
import { Routes } from '../routes.js'
import { Public } from '../scopes.js'
import { type ApiDocument, apiDocument } from './document.js'
import { apiPage } from './pages/api.js'
import { STYLE } from './pages/style.js'

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')
/** The page loads nothing, runs nothing and is framed by nobody. */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The API's own description: for tools at `/api/v2/openapi.json`, for people at `/api/v2/docs`. It holds nothing that the sources do not, so both are open. */
@ManagementController()
export class OpenApiController {
  #document: ApiDocument | undefined

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly routes: Routes,
  ) {}

  @Get('openapi.json')
  @Public()
  document(@Res({ passthrough: true }) res: Response): ApiDocument {
    // Tools in browsers read it from anywhere.
    res.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'public, max-age=300' })
    return this.#described()
  }

  @Get('docs')
  @Public()
  page(@Res() res: Response): void {
    res
      .status(200)
      .set({
        'Cache-Control': 'public, max-age=300',
        'Content-Security-Policy': POLICY,
        'Referrer-Policy': 'no-referrer',
        'X-Content-Type-Options': 'nosniff',
        'X-Frame-Options': 'deny',
      })
      .type('html')
      .send(apiPage(this.#described()).text)
  }

  #described(): ApiDocument {
    this.#document ??= apiDocument(this.routes.all(), this.config.issuer)
    return this.#document
  }
}
