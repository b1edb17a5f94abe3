import { jest } from '@jest/globals'
import { EventEmitter } from 'node:events'
import type { Request, Response } from 'express'
import { type Logger, logRequests, NestLog } from './logging.js'

interface Line {
  level: string
  fields: Record<string, unknown>
  text: string
}

/** Pino's interface as far as it is used. */
function recorder(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = []
  const write = (level: string) => (fields: Record<string, unknown>, text: string) => lines.push({ level, fields, text })
  const logger = Object.fromEntries(['fatal', 'error', 'warn', 'info', 'debug', 'trace'].map((level) => [level, write(level)])) as unknown as Logger
  return { logger, lines }
}

describe('NestLog', () => {
  test('takes context, details, stack and error from wherever Nest puts them', () => {
    const { logger, lines } = recorder()
    const log = new NestLog(logger)
    const error = new Error('broken')
    log.log('hello', 'Context')
    log.warn('careful', { failures: 2 }, 'Context')
    log.error('failed', 'Error: x\n    at y', 'Context')
    log.error('failed', { err: error }, 'Context')
    log.error(error, 'Context')
    log.log({ an: 'object' })
    expect(lines).toEqual([
      { level: 'info', fields: { context: 'Context' }, text: 'hello' },
      { level: 'warn', fields: { context: 'Context', failures: 2 }, text: 'careful' },
      { level: 'error', fields: { context: 'Context', stack: 'Error: x\n    at y' }, text: 'failed' },
      { level: 'error', fields: { context: 'Context', err: error }, text: 'failed' },
      { level: 'error', fields: { context: 'Context', err: error }, text: 'broken' },
      { level: 'info', fields: {}, text: '{"an":"object"}' },
    ])
  })

  test('keeps the framework’s own start out of the way', () => {
    const { logger, lines } = recorder()
    new NestLog(logger).log('Mapped {/x, GET} route', 'RouterExplorer')
    expect(lines[0]?.level).toBe('debug')
  })
})

describe('logRequests', () => {
  const handle = (req: object, status: number, finished = true): { lines: Line[]; next: jest.Mock } => {
    const { logger, lines } = recorder()
    const next = jest.fn()
    const res = Object.assign(new EventEmitter(), { locals: {}, statusCode: status, writableFinished: finished, setHeader: () => undefined })
    logRequests(logger)({ method: 'GET', baseUrl: '', get: () => undefined, ...req } as unknown as Request, res as unknown as Response, next)
    res.emit('close')
    return { lines, next }
  }

  test('names the route, not what stood in its place', () => {
    const { lines, next } = handle({ originalUrl: '/users/secret?code=1', route: { path: '/users/:id' } }, 200)
    expect(next).toHaveBeenCalledTimes(1)
    expect(lines).toEqual([
      {
        level: 'info',
        fields: { requestId: expect.any(String), method: 'GET', route: '/users/:id', status: 200, durationMs: expect.any(Number) },
        text: 'request',
      },
    ])
  })

  test('names the path without query where no route matched', () => {
    expect(handle({ originalUrl: `/x/v1.${'a'.repeat(70)}?code=1` }, 404).lines[0]?.fields).toMatchObject({ path: '/x/[redacted]' })
  })

  test('warns of faults of ours and marks who left early', () => {
    expect(handle({ originalUrl: '/' }, 500).lines[0]?.level).toBe('warn')
    expect(handle({ originalUrl: '/' }, 200, false).lines[0]?.fields).toMatchObject({ aborted: true })
  })

  test('keeps probes quiet while they are well', () => {
    expect(handle({ originalUrl: '/health/ready' }, 200).lines[0]?.level).toBe('debug')
    expect(handle({ originalUrl: '/health/ready' }, 503).lines[0]?.level).toBe('warn')
  })
})
