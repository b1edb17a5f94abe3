import { type ArgumentsHost, Logger, type LoggerService } from '@nestjs/common'
import { ConcurrencyError } from '../event-store/event-store.js'
import { NotYetError } from '../event-store/projection.js'
import { ManagementErrorFilter } from './management-error.js'
import { OAuthErrorFilter } from './oauth-error.js'

const lines: unknown[][] = []
beforeAll(() => Logger.overrideLogger({ warn: (...line: unknown[]) => lines.push(line) } as unknown as LoggerService))
afterAll(() => Logger.overrideLogger(['log', 'error', 'warn']))

describe.each([new OAuthErrorFilter(), new ManagementErrorFilter()])('what passes by itself', (filter) => {
  it.each([
    ['no connection', Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })],
    ['no answer about the name of its server', Object.assign(new Error('getaddrinfo EAI_AGAIN db'), { code: 'EAI_AGAIN' })],
    ['a server that lets nobody in', Object.assign(new Error('no pg_hba.conf entry for host'), { code: '28000' })],
    ['a password that the server does not know yet', Object.assign(new Error('password authentication failed'), { code: '28P01' })],
    ['a database that is being put back', Object.assign(new Error('database "evergrant" does not exist'), { code: '3D000' })],
    ['a disk that fails', Object.assign(new Error('could not read blocks: Input/output error'), { code: '58030' })],
    ['a server that only reads now', Object.assign(new Error('cannot execute INSERT in a read-only transaction'), { code: '25006' })],
    ['a deadlock', Object.assign(new Error('deadlock detected'), { code: '40P01' })],
    ['a stream that everybody wants', new ConcurrencyError('everybody wants it')],
    ['a list that is behind', new NotYetError('the list is behind')],
  ])('is 503, and the operator hears why: %s', (_, error) => {
    const told: { status?: number; body?: unknown } = {}
    const res = {
      locals: { requestId: 'request-1' },
      headersSent: false,
      set: () => res,
      status: (status: number) => ((told.status = status), res),
      json: (body: unknown) => (told.body = body),
    }
    const host = { switchToHttp: () => ({ getRequest: () => ({ baseUrl: '', route: { path: '/oauth/token' } }), getResponse: () => res }) }
    filter.catch(error, host as unknown as ArgumentsHost)
    expect(told.status).toBe(503)
    expect(JSON.stringify(told.body)).not.toContain(error.message)
    expect(lines.splice(0)).toEqual([['a request could not be answered now', { reason: String(error), route: '/oauth/token', requestId: 'request-1' }, 'http']])
  })
})
