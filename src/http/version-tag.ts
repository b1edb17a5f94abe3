import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'

/**
 * Names the version of a document that caches may keep; Express compares it with If-None-Match and answers 304. A `no-cache` beside that asks caches
 * to ask here (RFC 9111 §5.2.1.4) and takes nothing from the condition (RFC 9110 §13.1.2): Node's own fetch always sends both, and Express would
 * answer with the whole document.
 */
export function tagVersion(req: Request, res: Response, document: unknown): void {
  res.setHeader('ETag', `"${createHash('sha256').update(JSON.stringify(document)).digest('base64url')}"`)
  delete req.headers['cache-control']
}
