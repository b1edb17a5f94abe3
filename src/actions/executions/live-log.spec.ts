import type pg from 'pg'
import type { Config } from '../../config.js'
import type { BoundAction } from '../run/bound-action.js'
import { LiveLog } from './live-log.js'

it('tells no more of a flood than a few megabytes, and what is written after it', async () => {
  let told = ''
  let flow!: () => void
  const flowing = new Promise<void>((done) => (flow = done))
  const query = async (text: string, values: string[]): Promise<object> => {
    await flowing
    if (text.includes('pg_notify')) told += (JSON.parse(values[1]!) as { text: string }).text
    return { rows: [{ watched: true }] }
  }
  const live = new LiveLog({ query } as unknown as pg.Pool, { issuer: 'https://auth.example.com/' } as Config)
  const write = live.of('e1', 'post-login', { actionId: 'a1', name: 'A', versionId: 'v1' } as BoundAction)
  const line = (text: string): void => write({ at: '2026-01-02T03:04:05.000Z', level: 'log', text })
  for (let n = 0; n < 100_000; n++) line('.')
  flow()
  while (!told.endsWith('last')) {
    await new Promise(setImmediate)
    line('last')
  }
  expect(told.indexOf('last')).toBeLessThan(15_000)
})
