import { readdirSync, readFileSync } from 'node:fs'
import { eventually } from '../support/eventually.js'
import { cleanUp, freePort, isAlive, preparedFolder, Service } from '../support/service.js'

const CLIENT = { MANAGEMENT_CLIENT_ID: 'management', MANAGEMENT_CLIENT_SECRET: 'a-secret-for-tests-0123456789' }
const onLinux = process.platform === 'linux' ? test : test.skip

const folder = preparedFolder()
afterAll(() => cleanUp(folder))

/** Runners are the children of HTTP workers that read orders. */
function runnersOf(workers: readonly number[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return workers.includes(Number(parent)) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/runner/main.js') ? [Number(pid)] : []
      } catch {
        return []
      }
    })
}

async function api(service: Service, method: string, path: string, body?: object): Promise<{ id: string; status: string }> {
  const audience = `http://localhost:${service.port}/api/v2/`
  const credentials = { grant_type: 'client_credentials', client_id: CLIENT.MANAGEMENT_CLIENT_ID, client_secret: CLIENT.MANAGEMENT_CLIENT_SECRET, audience }
  const send = (url: string, init: RequestInit): Promise<Response> =>
    fetch(`http://localhost:${service.port}/${url}`, { ...init, headers: { 'content-type': 'application/json', connection: 'close', ...init.headers } })
  const { access_token } = (await (await send('oauth/token', { method: 'POST', body: JSON.stringify(credentials) })).json()) as { access_token: string }
  const res = await send(`api/v2/actions/${path}`, {
    method,
    headers: { authorization: `Bearer ${access_token}` },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (!res.ok) throw new Error(`${method} ${path}: ${res.status} ${await res.text()}`)
  return (await res.json()) as { id: string; status: string }
}

async function anAction(service: Service, code: string): Promise<string> {
  const { id } = await api(service, 'POST', 'actions', { name: `Action ${Math.round(performance.now())}`, supported_triggers: [{ id: 'post-login' }], code })
  await eventually(async () => (await api(service, 'GET', `actions/${id}`)).status === 'built', 60_000)
  return id
}

onLinux('no runner outlives its service, whether it is stopped, its worker is killed, or all of it, even from the middle of a loop', async () => {
  const service = await new Service(await freePort(), folder, CLIENT).ready()
  const loop = await anAction(service, 'exports.onExecutePostLogin = async () => { while (true) {} }')
  const looping = async (): Promise<number[]> => {
    void api(service, 'POST', `actions/${loop}/test`, { payload: {} }).catch(() => undefined)
    return eventually(() => {
      const runners = runnersOf(service.workers('http'))
      return runners.length > 0 && runners
    })
  }
  const ofKilledWorker = await looping()
  process.kill(service.workers('http').at(-1)!, 'SIGKILL')
  for (const pid of ofKilledWorker) await eventually(() => !isAlive(pid))

  // What is bound runs from the start on.
  await eventually(() => service.workers('http').length > 1)
  const bound = await eventually(() => anAction(service, 'exports.onExecutePostLogin = async () => {}'), 60_000)
  await api(service, 'POST', `actions/${bound}/deploy`)
  await api(service, 'PATCH', 'triggers/post-login/bindings', { bindings: [{ ref: { type: 'action_id', value: bound } }] })
  const ofKilledService = await looping()
  await service.killAll({ postgres: true })
  for (const pid of ofKilledService) await eventually(() => !isAlive(pid))

  const again = await new Service(await freePort(), folder, CLIENT).ready()
  const warm = await eventually(() => {
    const runners = runnersOf(again.workers('http'))
    return runners.length > 0 && runners
  })
  expect(await again.stop()).toBe(0)
  for (const pid of warm) expect(isAlive(pid)).toBe(false)
})
