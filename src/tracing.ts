import { setTimeout as pause } from 'node:timers/promises'
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { RequestHandler } from 'express'
import { routeOf } from './http/route.js'

/** A collector that does not answer must not hold up the stop, which has 10 s in all. */
const FLUSH_MS = 2000

let on = false
const tracer = trace.getTracer('evergrant')

/**
 * Loads OpenTelemetry, which reads its own OTEL_* variables, and answers how to stop it: that sends what is still held, for at most 2 s.
 * Until this is called nothing of the SDK is in memory and `traced` only calls its function.
 */
export async function startTracing(): Promise<() => Promise<void>> {
  const { NodeSDK, resources } = await import('@opentelemetry/sdk-node')
  // The service's name stands below the variables: OTEL_SERVICE_NAME wins.
  const resource = resources.resourceFromAttributes({ 'service.name': 'evergrant' })
  const sdk = new NodeSDK({ resource, instrumentations: [], metricReaders: [], logRecordProcessors: [] })
  sdk.start()
  on = true
  return async () => {
    await Promise.race([sdk.shutdown().catch(() => undefined), pause(FLUSH_MS, undefined, { ref: false })])
  }
}

/** Runs `work` in a span of its own. A failure leaves its class in the span, never its message, which may hold what a trace must not. */
export function traced<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (!on) return work()
  return tracer.startActiveSpan(name, async (span) => {
    try {
      return await work()
    } catch (error) {
      fail(span, error instanceof Error ? error.name : typeof error)
      throw error
    } finally {
      span.end()
    }
  })
}

/** A server span for each request, continuing the caller's trace (W3C traceparent). Attributes name the route, never the URL. */
export const traceRequests: RequestHandler = (req, res, next) => {
  if (!on) return next()
  const caller = propagation.extract(context.active(), req.headers)
  const span = tracer.startSpan(req.method, { kind: SpanKind.SERVER, attributes: { 'http.request.method': req.method, 'url.scheme': req.protocol } }, caller)
  res.once('close', () => {
    const route = routeOf(req)
    span.updateName(`${req.method} ${route}`).setAttributes({ 'http.route': route, 'http.response.status_code': res.statusCode })
    if (res.statusCode >= 500) fail(span, String(res.statusCode))
    else if (!res.writableFinished) fail(span, 'aborted')
    span.end()
  })
  context.with(trace.setSpan(caller, span), next)
}

function fail(span: Span, type: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', type)
}
