import { randomUUID } from 'node:crypto'
import { Audit } from '../../src/audit/audit.js'
import { startApp, type TestApp } from '../support/app.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

type Log = Record<string, unknown> & { log_id: string; date: string; description: string }

const signupFailed = (description: string): Promise<unknown> => service.app.get(Audit).record({ type: 'SignupFailed', data: { description } }, {})
const get = (path: string) => service.api('GET', path)
const nextOf = (headers: Headers): string => /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')![1]!

describe('reading the log by checkpoints', () => {
  it('sees every row once, in order, while others write', async () => {
    const marker = randomUUID()
    const seen: Log[] = []
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; n < 25; n++) await signupFailed(`${marker} ${writer}-${n}`)
    })
    let writing = true
    void Promise.all(writers).then(() => (writing = false))
    let url = `${service.url}api/v2/logs?from=${'900'.padEnd(56, '0')}&take=7&q=ignored&per_page=999999`
    for (;;) {
      const last = !writing
      const { body, headers } = await get(url.slice(`${service.url}api/v2/`.length))
      seen.push(...(body as Log[]))
      const next = nextOf(headers)
      expect(next).toMatch(/\/api\/v2\/logs\?from=\d{56}&take=7$/)
      expect(next.startsWith(service.url)).toBe(true)
      if (body.length === 0) expect(next).toContain(/from=\d+/.exec(url)![0])
      url = next
      if (last && body.length === 0) break
    }
    await Promise.all(writers)
    const ids = seen.map(({ log_id }) => log_id)
    expect(ids).toEqual([...new Set(ids)].sort())
    expect(seen.filter(({ description }) => String(description).startsWith(marker))).toHaveLength(200)
  })

  it('starts at a time that a collector made up', async () => {
    await signupFailed('before the collector')
    const at = new Date(Date.now() + 1).toISOString()
    const time = at.replace(/\D/g, '').slice(0, 14)
    const { body } = await get(`logs?from=900${time}${'0'.repeat(39)}&take=100`)
    for (const { date } of body as Log[]) expect(Date.parse(date)).toBeGreaterThanOrEqual(Date.parse(`${at.slice(0, 19)}Z`))
  })

  it('begins with the oldest when only take is given', async () => {
    const { body, headers } = await get('logs?take=1')
    const { body: all } = await get('logs?sort=log_id:1&per_page=1')
    expect(body).toEqual(all)
    expect(nextOf(headers)).toContain(`from=${body[0].log_id}`)
  })
})
