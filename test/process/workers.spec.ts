import { jest } from '@jest/globals'
import { eventually } from '../support/eventually.js'
import { cleanUp, freePort, isAlive, Service, temporaryFolder } from '../support/service.js'

jest.setTimeout(60_000)

const folders: string[] = []
const folder = (): string => folders[folders.push(temporaryFolder()) - 1]!
afterAll(() => cleanUp(...folders))

test.each(['http', 'background'])('starts another %s process when one is killed', async (part) => {
  const service = await new Service(await freePort(), folder()).ready()
  await eventually(() => service.workers(part).length === 1)
  process.kill(service.workers(part)[0]!, 'SIGKILL')
  await eventually(() => service.workers(part).length === 2)
  await eventually(async () => (await service.get('/health/ready')).status === 200)
  expect(await service.stop()).toBe(0)
})

test('gives up when its processes keep dying', async () => {
  const service = await new Service(await freePort(), folder()).ready()
  const kill = setInterval(() => {
    for (const pid of service.workers('background')) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  }, 10)
  expect(await service.exited).toBe(1)
  clearInterval(kill)
  expect(service.errors).toBe('10 processes died in 30 s\n')
})

test('its processes end with the primary', async () => {
  const service = await new Service(await freePort(), folder()).ready()
  const pids = [...service.workers('http'), ...service.workers('background'), service.postmaster]
  process.kill(service.pid, 'SIGKILL')
  await eventually(() => pids.every((pid) => !isAlive(pid)))
})

test('sums the metrics of all processes, by route', async () => {
  const service = await new Service(await freePort(), folder(), { WORKERS: '2' }).ready()
  for (let n = 0; n < 6; n++) await service.get(`/health/live?n=${n}`)
  const text = await (await service.get('/metrics')).text()
  expect(text).toContain('http_request_duration_seconds_count{method="GET",route="/health/live",status="200"} 6')
  expect(text).toContain('process_resident_memory_bytes')
  expect(text).not.toContain('?n')
  expect(await service.stop()).toBe(0)
})

test('opens metrics to this machine, and to others by token', async () => {
  const token = '0123456789abcdef'
  const [open, closed] = await Promise.all([
    new Service(await freePort(), folder()).ready(),
    new Service(await freePort(), folder(), { METRICS_TOKEN: token }).ready(),
  ])
  const proxied = { 'x-forwarded-for': '192.0.2.1' }
  expect((await open.get('/metrics')).status).toBe(200)
  expect((await open.get('/metrics', proxied)).status).toBe(403)
  expect((await closed.get('/metrics', proxied)).status).toBe(401)
  expect((await closed.get('/metrics', { ...proxied, authorization: 'Bearer 0123456789abcdeg' })).status).toBe(401)
  expect((await closed.get('/metrics', { ...proxied, authorization: `Bearer ${token}` })).status).toBe(200)
  await Promise.all([open.stop(), closed.stop()])
})

describe('ROLE', () => {
  test('http runs no background process', async () => {
    const service = await new Service(await freePort(), folder(), { ROLE: 'http' }).ready()
    expect([service.workers('http').length, service.workers('background').length]).toEqual([1, 0])
    expect(await service.stop()).toBe(0)
  })

  test('worker runs one alone, which serves health and metrics and nothing else', async () => {
    const service = await new Service(await freePort(), folder(), { ROLE: 'worker', WORKERS: '2' }).ready()
    expect([service.workers('http').length, service.workers('background').length]).toEqual([0, 1])
    const statuses = await Promise.all(
      ['/health/live', '/health/ready', '/metrics', '/.well-known/jwks.json'].map(async (url) => (await service.get(url)).status),
    )
    expect(statuses).toEqual([200, 200, 200, 404])
    expect(await service.stop()).toBe(0)
  })
})

test('answers in JSON what nobody else answers', async () => {
  const service = await new Service(await freePort(), folder()).ready()
  const response = await service.get('/nothing')
  expect([response.status, await response.json()]).toEqual([404, { error: 'not_found', error_description: 'There is nothing at this address.' }])
  expect(response.headers.get('x-powered-by')).toBeNull()
  expect((await service.get('/health/live', { 'x-request-id': 'caller-1234' })).headers.get('x-request-id')).toBe('caller-1234')
  expect((await service.get('/health/live', { 'x-request-id': 'no spaces' })).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  expect(await service.stop()).toBe(0)
})
