import { eventually } from '../support/eventually.js'
import { cleanUp, freePort, isAlive, preparedFolder, Service } from '../support/service.js'

const folders: string[] = []
const folder = (): string => folders[folders.push(preparedFolder()) - 1]!
afterAll(() => cleanUp(...folders))

// The build is done; --ignore-scripts keeps prestart from repeating it while other tests run from its output.
const npmStart = async (): Promise<Service> => new Service(await freePort(), folder(), {}, ['npm', 'start', '--ignore-scripts']).ready()
const primaryOf = (service: Service): number => service.lines.find((line) => line.part === 'primary')!.pid

test('SIGTERM to npm stops everything in order', async () => {
  const service = await npmStart()
  const pids = [primaryOf(service), ...service.workers('http'), service.postmaster]
  service.signal('SIGTERM')
  await service.exited
  await eventually(() => pids.every((pid) => !isAlive(pid)))
  expect(service.lines.map((line) => line.msg)).toContain('stopping')
  // Nest tells each module and route, which nobody who runs the service asked for.
  expect(service.lines.filter(({ msg }) => / dependencies initialized$|^Mapped /.test(String(msg)))).toEqual([])
})

test('SIGTERM to the process that npm leaves in the foreground ends npm too, with 0', async () => {
  const service = await npmStart()
  process.kill(primaryOf(service), 'SIGTERM')
  expect(await service.exited).toBe(0)
})
