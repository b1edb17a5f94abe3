import { Audit } from '../../src/audit/audit.js'
import { readCheckpoint } from '../../src/event-store/verification/log-checkpoint.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { natsServerBinary, realNats, smallNats, type NatsServer } from '../support/nats.js'

const binary = natsServerBinary()
const servers: [string, () => Promise<NatsServer>][] = [['what a publisher sees of NATS', smallNats]]
if (binary !== undefined) servers.push(['a real nats-server', () => realNats(binary)])

describe.each(servers)('a log stream to %s', (_, start) => {
  let nats: NatsServer
  let service: TestApp
  let id: string
  beforeAll(async () => {
    nats = await start()
    service = await startApp({ LOG_STREAMS_NATS_URL: nats.url })
    const filters = [{ type: 'category', name: 'auth.signup.fail' }]
    const { status, body } = await service.api('POST', 'log-streams', { name: 'nats', type: 'nats', sink: { natsSubject: 'audit.log' }, filters })
    expect({ status, body }).toMatchObject({ status: 200 })
    id = body.id
  })
  afterAll(async () => {
    await service.close()
    await nats.stop()
  })

  const happen = async (...descriptions: string[]): Promise<void> => {
    for (const description of descriptions) await service.app.get(Audit).record({ type: 'SignupFailed', data: { description } }, {})
  }
  const heard = async (): Promise<string[]> => (await nats.stored()).map(({ body }) => JSON.parse(body).data.description)
  const hurry = () => service.pool.query('update log_stream_deliveries set next_try_at = now() where log_stream_id = $1', [id])

  it('brings events in their order, each with the seal that covers it', async () => {
    await happen('a', 'b', 'c')
    await eventually(async () => (await heard()).length === 3)
    expect(await heard()).toEqual(['a', 'b', 'c'])
    for (const { id: messageId, seal, body } of await nats.stored()) {
      expect(JSON.parse(body)).toMatchObject({ log_id: messageId, data: { log_id: messageId, type: 'fs' } })
      const { lastPosition } = readCheckpoint(Buffer.from(seal, 'base64url').toString())
      expect(lastPosition).toBeGreaterThanOrEqual(Number(messageId.slice(20, 54)))
    }
  })

  it('stores once what is sent again', async () => {
    const [first] = await nats.stored()
    const { body } = await service.api('PATCH', `log-streams/${id}`, { startFrom: first!.id.slice(0, 20).padEnd(56, '0') })
    expect(body).toMatchObject({ id })
    await happen('d')
    await eventually(async () => (await heard()).includes('d'))
    expect(await heard()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('goes on where it was when the server comes back', async () => {
    await nats.crash()
    await happen('e', 'f')
    await eventually(async () => (await service.api('GET', `log-streams/${id}/health`)).body.failures > 0)
    await nats.restart()
    await hurry()
    await eventually(async () => (await heard()).length === 6)
    expect(await heard()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  it('tells of a subject that no stream takes in', async () => {
    await service.api('PATCH', `log-streams/${id}`, { sink: { natsSubject: 'nobody.listens' } })
    await happen('g')
    await eventually(async () => (await service.api('GET', `log-streams/${id}/health`)).body.failures > 0)
    expect(await heard()).not.toContain('g')
  })
})
