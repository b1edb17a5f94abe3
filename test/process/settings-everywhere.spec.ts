import type { Json } from '../support/app.js'
import { MANAGEMENT, MANAGEMENT_ENVIRONMENT } from '../support/outside.js'
import { cleanUp, freePort, preparedFolder, Service } from '../support/service.js'

const AUDIENCE = 'https://orders.example.com/'

const folder = preparedFolder()
let service: Service
let bearer: string
beforeAll(async () => {
  service = await new Service(await freePort(), folder, { ...MANAGEMENT_ENVIRONMENT, WORKERS: '3' }).ready()
  const audience = `http://localhost:${service.port}/api/v2/`
  bearer = (await token({ client_id: MANAGEMENT.id, client_secret: MANAGEMENT.secret, audience })).body.access_token
})
afterAll(async () => {
  await service.stop()
  await cleanUp(folder)
})

/** On a connection of its own, so that whichever process is next answers. */
async function send(method: string, path: string, body: object): Promise<{ status: number; body: Json }> {
  const headers = { connection: 'close', 'content-type': 'application/json', ...(path.startsWith('api/') && { authorization: `Bearer ${bearer}` }) }
  const response = await fetch(`http://localhost:${service.port}/${path}`, { method, headers, body: JSON.stringify(body) })
  return { status: response.status, body: await response.json() }
}
const token = (parameters: object): ReturnType<typeof send> => send('POST', 'oauth/token', { grant_type: 'client_credentials', ...parameters })

test('what an operator was told is changed is changed in every process', async () => {
  await send('POST', 'api/v2/resource-servers', { name: 'Orders', identifier: AUDIENCE })
  const { client_id, client_secret } = (await send('POST', 'api/v2/clients', { name: 'App', app_type: 'non_interactive', grant_types: ['client_credentials'] }))
    .body
  await send('POST', 'api/v2/client-grants', { client_id, audience: AUDIENCE, scope: [] })
  const answers: number[] = []
  for (const grants of [['client_credentials'], ['refresh_token'], ['client_credentials'], ['refresh_token'], ['client_credentials']]) {
    expect((await send('PATCH', `api/v2/clients/${client_id}`, { grant_types: grants })).status).toBe(200)
    for (let n = 0; n < 3; n++) answers.push((await token({ client_id, client_secret, audience: AUDIENCE })).status)
  }
  const [allowed, not] = [Array(3).fill(200), Array(3).fill(403)]
  expect(answers).toEqual([allowed, not, allowed, not, allowed].flat())
})
