import type { Request, RequestHandler } from 'express'
import { collectDefaultMetrics, Histogram } from 'prom-client'
import { routeOf } from './route.js'

const requestDuration = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Time from the first byte of a request to the end of its response',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
})

/** The process's own metrics (memory, event loop, collector). Once per process. */
export const measureProcess = (): void => collectDefaultMetrics()

/** Routes are counted by their pattern: raw paths would make a series per id, and show the ids. */
export const measureRequests: RequestHandler = (req, res, next) => {
  const stop = requestDuration.startTimer({ method: req.method })
  res.once('close', () => stop({ route: routeOf(req), status: res.statusCode }))
  next()
}

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']
const LOOPBACK = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/

/** Whether the request comes from this machine itself, not through a proxy on it. */
export function isLocal(req: Request): boolean {
  return LOOPBACK.test(req.socket.remoteAddress ?? '') && !FORWARDED.some((name) => name in req.headers)
}
