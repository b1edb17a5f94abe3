import type { Request } from 'express'
import type { Context, Mark, Origin } from '../event-store/event.js'
import { positionText } from '../event-store/log-position.js'

/** Where a request came from and what belongs to it, for events; what they become part of is told in `X-Log-Position`. The address is the peer's, or what a trusted proxy says. */
export interface RequestContext {
  readonly origin: Origin
  readonly context: Context
}

const MAX_USER_AGENT = 500
const MAX_CORRELATION_ID = 64

export function requestContext(req: Request): RequestContext {
  const correlationId = req.get('x-correlation-id')?.slice(0, MAX_CORRELATION_ID)
  const auth0Client = telemetry(req.get('auth0-client'))
  return {
    origin: { ip: plainAddress(req.ip ?? ''), userAgent: (req.get('user-agent') ?? '').slice(0, MAX_USER_AGENT) },
    context: {
      hostname: (req.hostname ?? '').slice(0, 253),
      ...(correlationId && { correlationId }),
      ...(auth0Client && { auth0Client }),
      onAppended: (mark) => tellPosition(req, mark),
    },
  }
}

/** The answer says where the last thing stands that it wrote to the log (docs/audit.md). */
function tellPosition({ res }: Request, mark: Mark): void {
  if (res && !res.headersSent) res.setHeader('X-Log-Position', positionText(mark))
}

/** An IPv4 caller on an IPv6 socket is an IPv4 caller. */
const plainAddress = (ip: string): string => ip.replace(/^::ffff:(?=\d+\.)/, '')

/** The Auth0-Client header: base64 JSON with name and version. What cannot be read is left out, never refused. */
function telemetry(header: string | undefined): object | undefined {
  if (!header || header.length > 2000) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
