import { readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { eventually, shortest } from '../support/eventually.js'
import { cleanUp, freePort, isAlive, preparedFolder, Service, temporaryFolder } from '../support/service.js'

const folders: string[] = []
const folder = (make = preparedFolder): string => folders[folders.push(make()) - 1]!
afterAll(() => cleanUp(...folders))

const refusesConnections = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, 'localhost', () => done(false)).once('error', () => done(true))
    socket.once('connect', () => socket.destroy())
  })

test('starts from nothing, says so in one line, and keeps its files to itself', async () => {
  const service = await new Service(await freePort(), path.join(folder(temporaryFolder), 'new/data')).ready()
  const announced = service.lines.filter((line) => line.msg.startsWith('Evergrant ready'))
  expect(announced.map((line) => line.msg)).toEqual([`Evergrant ready: issuer http://localhost:${service.port}/ on port ${service.port}`])
  expect(await (await service.get('/health/live')).json()).toEqual({ status: 'up' })
  expect((await service.get('/health/ready')).status).toBe(200)

  const mode = (file: string): string => (statSync(path.join(service.dataDir, file)).mode & 0o777).toString(8)
  expect([mode('.'), mode('postgres'), mode('secrets')]).toEqual(['700', '700', '700'])
  for (const name of readdirSync(path.join(service.dataDir, 'secrets'))) expect(mode(`secrets/${name}`)).toBe('600')
  expect(await service.stop()).toBe(0)
  expect(service.errors).toBe('')
})

test('at SIGTERM finishes the request in flight, waits for no connection kept alive, ignores a second signal, and leaves no process', async () => {
  const stopping = async (): Promise<number> => {
    const service = await new Service(await freePort(), folder()).ready()
    const postmaster = service.postmaster
    const kept = connect(service.port, 'localhost')
    kept.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await new Promise((done) => kept.once('data', done))
    const socket = connect(service.port, 'localhost')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    const closed = new Promise((done) => socket.once('close', done))
    await new Promise((done) => socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n', done))
    const body = 'grant_type=none'
    const begun = connect(service.port, 'localhost')
    let late = ''
    begun.setEncoding('utf8').on('data', (text: string) => (late += text))
    const ended = new Promise((done) => begun.once('close', done))
    const head = `POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`
    await new Promise((done) => begun.write(head, done))
    // Another request on the same worker's queue shows that the first ones have arrived there.
    await service.get('/health/live')

    const started = performance.now()
    service.signal('SIGTERM')
    await eventually(() => refusesConnections(service.port))
    service.signal('SIGTERM')
    service.signal('SIGINT')
    socket.write('\r\n')
    begun.write(body)
    await Promise.all([closed, ended])
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[^]*{"status":"up"}$/)
    expect(late).toMatch(/^HTTP\/1\.1 4/)
    // Nobody sends another request into a connection that is closing.
    for (const text of [answer, late]) expect(text).toMatch(/^connection: close\r$/im)
    expect(await service.exited).toBe(0)
    const took = performance.now() - started
    for (const pid of [...service.workers('http'), ...service.workers('background'), postmaster]) expect(isAlive(pid)).toBe(false)
    return took
  }
  expect(await shortest(4000, stopping)).toBeLessThan(4000)
})

test('starts again at once, with its data, after kill -9 of itself, also with PostgreSQL, and brings that back when it dies alone', async () => {
  const start = (port: number, dataDir: string): Promise<Service> => new Service(port, dataDir).ready()
  const keysOf = async (service: Service): Promise<unknown> => (await service.get('/.well-known/jwks.json')).json()
  const first = await start(await freePort(), folder())
  const keys = await keysOf(first)
  await first.killAll()
  const second = await start(first.port, first.dataDir)
  expect(await keysOf(second)).toEqual(keys)
  await second.killAll({ postgres: true })
  const third = await start(first.port, first.dataDir)
  expect(await keysOf(third)).toEqual(keys)

  const dead = third.postmaster
  process.kill(dead, 'SIGKILL')
  await eventually(() => third.lines.some((line) => line.msg === 'the embedded database is back'))
  await eventually(async () => (await third.get('/health/ready')).status === 200)
  expect(third.postmaster).not.toBe(dead)
  expect(await third.stop()).toBe(0)
})

test('a stop during the start is a stop', async () => {
  const service = new Service(await freePort(), folder(temporaryFolder))
  await eventually(() => service.postmaster)
  expect(await service.stop()).toBe(0)
})

test('a process that does not finish is killed at a stop, and the operator hears which', async () => {
  const service = await new Service(await freePort(), folder()).ready()
  const [stuck] = service.workers('http')
  process.kill(stuck!, 'SIGSTOP')
  expect(await service.stop()).toBe(0)
  expect(isAlive(stuck!)).toBe(false)
  const told = service.lines.filter(({ msg }) => msg === 'a process did not finish in time and was killed')
  expect(told).toEqual([expect.objectContaining({ endedPid: stuck, endedPart: 'http', level: 'warn' })])
})

test('two run side by side', async () => {
  const both = await Promise.all([1, 2].map(async () => new Service(await freePort(), folder()).ready()))
  const keys = await Promise.all(both.map(async (service) => (await service.get('/.well-known/jwks.json')).text()))
  expect(keys[0]).not.toBe(keys[1])
  expect(await Promise.all(both.map((service) => service.stop()))).toEqual([0, 0])
})

test('writes no secret to the log, at any level', async () => {
  const secret = 'hunter2hunter2hunter2'
  const env = {
    LOG_LEVEL: 'trace',
    MANAGEMENT_CLIENT_ID: 'm2m',
    MANAGEMENT_CLIENT_SECRET: secret,
    ADMIN_EMAIL: 'a@b.c',
    ADMIN_PASSWORD: secret,
    METRICS_TOKEN: secret,
  }
  const service = await new Service(await freePort(), folder(), env).ready()
  await service.get(`/nothing/v1.${'a'.repeat(70)}?code=${secret}&refresh_token=${secret}`, { authorization: `Bearer ${secret}` })
  await service.get('/metrics', { authorization: `Bearer ${secret}` })
  await service.stop()
  const stored = readdirSync(path.join(service.dataDir, 'secrets')).map((name) => readFileSync(path.join(service.dataDir, 'secrets', name), 'utf8').trim())
  for (const value of [...stored, secret, 'aaaaaaaaaa']) expect(service.output + service.errors).not.toContain(value)
})
