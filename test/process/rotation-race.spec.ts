import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { migrate } from '../../src/database/migrate.js'
import { createPool } from '../../src/database/pool.js'
import type { IssuedRefreshToken } from '../../src/tokens/commands/issue-refresh-token.js'
import type { RedeemedRefreshToken } from '../../src/tokens/commands/redeem-refresh-token.js'

let dir: string
let server: EmbeddedPostgres
let workers: ChildProcess[]

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'evergrant-race-'))
  server = await startEmbeddedPostgres({ dir: path.join(dir, 'postgres') })
  await migrate(server.url('postgres'))
  const options = JSON.stringify({ databaseUrl: server.url('postgres'), encryptionKey: randomBytes(32).toString('base64') })
  workers = [1, 2].map(() => fork(path.join(import.meta.dirname, '../support/race-worker.mjs'), [options]))
})
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL')
  await server.stop()
  await rm(dir, { recursive: true, force: true })
})

async function ask<T>(worker: ChildProcess, question: object): Promise<T> {
  const answer = once(worker, 'message')
  worker.send(question)
  return ((await answer) as [T])[0]
}

async function race(leewaySeconds: number): Promise<{ results: RedeemedRefreshToken[]; events: string[] }> {
  const { familyId, refreshToken } = await ask<IssuedRefreshToken>(workers[0]!, { issue: true, leewaySeconds })
  const halves = await Promise.all(workers.map((worker) => ask<RedeemedRefreshToken[]>(worker, { redeem: refreshToken, count: 32, leewaySeconds })))
  const pool = createPool(server.url('postgres'), 1)
  const { rows } = await pool.query<{ type: string }>(`select type from events where stream_id = $1 order by version`, [`refresh_token_family-${familyId}`])
  await pool.end()
  return { results: halves.flat(), events: rows.map(({ type }) => type) }
}
const count = (events: string[], type: string): number => events.filter((event) => event === type).length

it('64 simultaneous exchanges on 2 processes make one rotation, and inside the leeway all get its one successor', async () => {
  const { results, events } = await race(30)
  const successors = new Set(results.map((result) => (result.kind === 'redeemed' ? result.refreshToken : result.why)))
  expect(successors.size).toBe(1)
  expect([...successors][0]).toMatch(/^v1\./)
  expect([count(events, 'RefreshTokenRotated'), count(events, 'RefreshTokenExchanged')]).toEqual([1, 63])
})

it('without a leeway one of them succeeds, and the first loser revokes the family, once', async () => {
  const { results, events } = await race(0)
  expect(results.filter(({ kind }) => kind === 'redeemed')).toHaveLength(1)
  expect(results.filter((result) => result.kind === 'refused' && result.why === 'reuse')).toHaveLength(1)
  expect(events).toEqual(['FamilyStarted', 'RefreshTokenRotated', 'FamilyRevoked'])
})
