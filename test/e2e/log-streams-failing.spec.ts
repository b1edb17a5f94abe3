import { jest } from '@jest/globals'
import { Logger } from '@nestjs/common'
import { register } from 'prom-client'
import type { Json, TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { logsIn, logStreams } from '../support/log-streams.js'

let service: TestApp
let base: string
const { start, stop, posts, answers, stream, happen, heard, patch, health } = logStreams()
beforeAll(async () => {
  ;({ service, base } = await start())
})
afterAll(stop)

/** The next try, now. */
const hurry = (id: string) => service.pool.query('update log_stream_deliveries set next_try_at = now() where log_stream_id = $1', [id])

describe('a webhook', () => {
  it('that fails gets the same batch again, nothing after it, and its health tells why', async () => {
    const { id, url } = await stream()
    let answer = 500
    answers.set(url, (res) => void res.writeHead(answer, { location: `${base}/elsewhere` }).end())
    await happen('first')
    await eventually(() => posts.get(url)?.length === 1)
    await happen('second')
    answer = 302
    await eventually(() => posts.get(url)!.length === 2)
    await eventually(async () => (await health(id)).failures === 2)
    const [{ log_id }] = logsIn(posts.get(url)![0]!)
    expect(await health(id)).toMatchObject({ status: 'active', delivered: 0, blocked_by: log_id, failing_since: expect.any(String), errors: [] })
    await hurry(id)
    await eventually(async () => (await health(id)).errors.length === 1)
    expect((await health(id)).errors).toEqual([{ time: expect.any(String), status: 302, text: 'answered with status 302' }])
    const tries = posts.get(url)!.map((post) => logsIn(post)[0].data.description)
    expect([tries.length >= 3, ...new Set(tries)]).toEqual([true, 'first'])
    answer = 200
    await hurry(id)
    await eventually(async () => (await health(id)).delivered === 2)
    expect(await health(id)).toMatchObject({ failures: 0, failing_since: null, blocked_by: null })
    expect(heard(url).slice(-2)).toEqual(['first', 'second'])
    expect(posts.get('/elsewhere')).toBeUndefined()
  })

  it('that begins to fail, and goes on again, is said once each, and counted meanwhile', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn')
    const metric = async (name: string, id: string): Promise<number | undefined> =>
      (await register.getSingleMetric(name)!.get()).values.find(({ labels }) => labels['id'] === id)?.value
    const { id, url } = await stream()
    let status = 500
    answers.set(url, (res) => void res.writeHead(status).end())
    await happen('first', 'second')
    await eventually(async () => (await health(id)).failures > 1)
    await eventually(async () => (await metric('evergrant_log_stream_lag_seconds', id))! > 0)
    expect(await metric('evergrant_log_stream_failures_total', id)).toBeGreaterThan(1)
    status = 204
    await hurry(id)
    await eventually(async () => (await metric('evergrant_log_stream_lag_seconds', id)) === 0)
    const said = warn.mock.calls.map(([text]) => String(text)).filter((text) => text.includes(id))
    expect(said).toEqual([`log stream ${id} fails, and what follows waits: answered with status 500`, `log stream ${id} goes on again`])
    await service.api('DELETE', `log-streams/${id}`)
    await eventually(async () => (await metric('evergrant_log_stream_failures_total', id)) === undefined)
    expect(await metric('evergrant_log_stream_lag_seconds', id)).toBeUndefined()
    warn.mockRestore()
  })

  it('that fails for seven days is suspended; started again it gets what it missed', async () => {
    const { id, url } = await stream()
    answers.set(url, (res) => void res.writeHead(503).end())
    await happen('missed')
    await eventually(async () => (await health(id)).failures > 0)
    await service.pool.query(`update log_stream_deliveries set failing_since = now() - interval '6.9 days', next_try_at = now() where log_stream_id = $1`, [id])
    const { failures } = await health(id)
    await eventually(async () => (await health(id)).failures > failures)
    expect((await health(id)).status).toBe('active')
    await service.pool.query(`update log_stream_deliveries set failing_since = now() - interval '7 days', next_try_at = now() where log_stream_id = $1`, [id])
    await eventually(async () => (await health(id)).status === 'suspended')
    const tried = posts.get(url)!.length
    answers.delete(url)
    await hurry(id)
    await happen('later')
    expect(await patch(id, { status: 'active' })).toMatchObject({ status: 'active' })
    await eventually(() => posts.get(url)!.length > tried && heard(url).includes('later'))
    expect(
      posts
        .get(url)!
        .slice(tried)
        .flatMap(logsIn)
        .map(({ data }: Json) => data.description),
    ).toEqual(['missed', 'later'])
  })
})
