import type { TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { logStreams } from '../support/log-streams.js'

let service: TestApp
let base: string
const { start, stop, posts, stream, happen, patch } = logStreams()
beforeAll(async () => {
  ;({ service, base } = await start())
})
afterAll(stop)

describe('secrets', () => {
  it('stand in no answer, event, log or table', async () => {
    const secrets = { httpAuthorization: 'Bearer s3cr3t-authorization', httpCustomHeaders: [{ header: 'X-Key', value: 's3cr3t-header' }] }
    const { id, url } = await stream({}, secrets)
    const { body } = await service.api('GET', `log-streams/${id}`)
    expect(body.sink).toEqual({ httpEndpoint: base + url, httpCustomHeaders: [{ header: 'X-Key' }] })
    await patch(id, { sink: { httpEndpoint: base + url, httpAuthorization: 'Bearer s3cr3t-second', httpCustomHeaders: [{ header: 'X-Key' }] } })
    await happen('with the second')
    const { headers } = (await eventually(() => posts.get(url)))[0]!
    expect(headers).toMatchObject({ authorization: 'Bearer s3cr3t-second', 'x-key': 's3cr3t-header' })
    expect(
      (await service.api('GET', 'logs?q=description:(%22Create%20a%20log%20stream%22%20OR%20%22Update%20a%20log%20stream%22)')).body.length,
    ).toBeGreaterThanOrEqual(2)
    const { rows: tables } = await service.pool.query(`
      select (select json_agg(e) from events e)::text || (select json_agg(l) from tenant_logs l)::text || (select json_agg(s) from log_streams s)::text
        || (select json_agg(s) from streams s)::text as all`)
    const answers = await Promise.all(['log-streams', `log-streams/${id}`, `log-streams/${id}/health`, 'logs'].map((path) => service.api('GET', path)))
    expect(tables[0].all + JSON.stringify(answers.map((answer) => answer.body))).not.toContain('s3cr3t')
  })

  it('stay with an address, and are never sent to another', async () => {
    const { id, url } = await stream({}, { httpAuthorization: 'for one host' })
    await patch(id, { sink: { httpEndpoint: `${base}${url}-moved` } })
    await happen('same host')
    expect((await eventually(() => posts.get(`${url}-moved`)))[0]!.headers.authorization).toBe('for one host')
    await patch(id, { sink: { httpEndpoint: `${base.replace('127.0.0.1', 'localhost')}${url}-other` } })
    await happen('other host')
    expect((await eventually(() => posts.get(`${url}-other`)))[0]!.headers.authorization).toBeUndefined()
    await patch(id, { sink: { httpEndpoint: `${base}${url}-back` } })
    await happen('back')
    expect((await eventually(() => posts.get(`${url}-back`)))[0]!.headers.authorization).toBeUndefined()
  })
})
