import { readdirSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { eventually } from '../support/eventually.js'
import { cleanUp, freePort, isAlive, preparedFolder, Service, tryKill } from '../support/service.js'

/** 0 where there is no /proc. */
function socketsOf(pid: number): number {
  if (process.platform !== 'linux') return 0
  const fds = readdirSync(`/proc/${pid}/fd`)
  return fds.filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:')
    } catch {
      return false
    }
  }).length
}

const folders: string[] = []
const folder = (): string => folders[folders.push(preparedFolder()) - 1]!
const start = async (env: Record<string, string> = {}): Promise<Service> => new Service(await freePort(), folder(), env).ready()
afterAll(() => cleanUp(...folders))

describe('when processes die', () => {
  let service: Service
  const alive = (part: string): number[] => service.workers(part).filter(isAlive)

  beforeAll(async () => {
    service = await start()
  })

  test.each(['http', 'background'])('another %s process is started', async (part) => {
    const [victim] = await eventually(() => alive(part).length === 1 && alive(part))
    process.kill(victim!, 'SIGKILL')
    await eventually(() => alive(part).some((pid) => pid !== victim))
    await eventually(async () => (await service.get('/health/ready')).status === 200)
  })

  test('a connection that was on its way to one is closed, not forgotten', async () => {
    const [victim] = await eventually(() => alive('http').length === 1 && alive('http'))
    const before = socketsOf(service.pid)
    process.kill(victim!, 'SIGSTOP')
    const client = connect(service.port, '127.0.0.1').resume()
    client.once('error', () => undefined).write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n')
    // The primary has accepted it, and nobody takes it over.
    await eventually(() => socketsOf(service.pid) > before || process.platform !== 'linux')
    process.kill(victim!, 'SIGKILL')
    await eventually(() => client.closed)
    await eventually(async () => (await service.get('/health/ready')).status === 200)
  })

  test('all end with the primary', async () => {
    // What was started in place of those that a test killed may answer before its line has come.
    const workers = await eventually(() => alive('http').length === 1 && alive('background').length === 1 && [...alive('http'), ...alive('background')])
    const pids = [...workers, service.postmaster]
    process.kill(service.pid, 'SIGKILL')
    await eventually(() => pids.every((pid) => !isAlive(pid)))
  })

  test('again and again, the instance gives up', async () => {
    service = await start()
    const kill = setInterval(() => {
      // Also those that never come to report: on a busy machine ten of them would take longer than half a minute.
      for (const pid of service.children.length > 0 ? service.children : alive('background')) tryKill(pid)
    }, 10)
    expect(await service.exited).toBe(1)
    clearInterval(kill)
    expect(service.errors).toBe('10 processes died in 30 s\n')
  })
})

describe('what every instance answers', () => {
  let service: Service
  beforeAll(async () => {
    service = await start({ WORKERS: '2' })
  })
  afterAll(async () => {
    expect(await service.stop()).toBe(0)
  })

  test('the metrics of all its processes, by route', async () => {
    for (let n = 0; n < 6; n++) await service.get(`/health/live?n=${n}`)
    const text = await (await service.get('/metrics')).text()
    expect(text).toContain('http_request_duration_seconds_count{method="GET",route="/health/live",status="200"} 6')
    expect(text).toContain('process_resident_memory_bytes')
    expect(text).not.toContain('?n')
  })

  test('metrics to this machine, and to others by token', async () => {
    const token = '0123456789abcdef'
    const closed = await start({ METRICS_TOKEN: token })
    const proxied = { 'x-forwarded-for': '192.0.2.1' }
    const { status, headers } = await service.get('/metrics')
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    const refusals = await Promise.all([service, closed].map((each) => each.get('/metrics', proxied)))
    expect(refusals.map(({ status, headers }) => [status, headers.get('content-type')])).toEqual(
      [403, 401].map((status) => [status, 'application/json; charset=utf-8']),
    )
    expect((await closed.get('/metrics', { ...proxied, authorization: 'Bearer 0123456789abcdeg' })).status).toBe(401)
    expect((await closed.get('/metrics', { ...proxied, authorization: `Bearer ${token}` })).status).toBe(200)
    await closed.stop()
  })

  test('JSON, where nobody else answers', async () => {
    const response = await service.get('/nothing')
    expect([response.status, await response.json()]).toEqual([404, { error: 'not_found', error_description: 'There is nothing at this address.' }])
    expect(response.headers.get('x-powered-by')).toBeNull()
    expect((await service.get('/health/live', { 'x-request-id': 'caller-1234' })).headers.get('x-request-id')).toBe('caller-1234')
    expect((await service.get('/health/live', { 'x-request-id': 'no spaces' })).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('ROLE', () => {
  test('http runs no background process', async () => {
    const service = await start({ ROLE: 'http' })
    expect([service.workers('http').length, service.workers('background').length]).toEqual([1, 0])
    // Of the first start, which nobody seals here.
    const lag = async (): Promise<number> => Number(/^evergrant_seal_lag_seconds (\S+)$/m.exec(await (await service.get('/metrics')).text())?.[1])
    const first = await lag()
    expect(first).toBeGreaterThan(0)
    await eventually(async () => (await lag()) > first)
    expect(await service.stop()).toBe(0)
  })

  test('worker runs one alone, which serves health and metrics and nothing else', async () => {
    const service = await start({ ROLE: 'worker', WORKERS: '2' })
    expect([service.workers('http').length, service.workers('background').length]).toEqual([0, 1])
    const statuses = await Promise.all(
      ['/health/live', '/health/ready', '/metrics', '/.well-known/jwks.json'].map(async (url) => (await service.get(url)).status),
    )
    expect(statuses).toEqual([200, 200, 200, 404])
    expect(await service.stop()).toBe(0)
  })
})
