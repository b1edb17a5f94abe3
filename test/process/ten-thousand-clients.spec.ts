import { randomInt } from 'node:crypto'
import path from 'node:path'
import { jest } from '@jest/globals'
import type pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { FAMILIES_PER_PERSON, userIdOf } from '../bench/scale/plan.js'
import { readersAreDone } from '../bench/scale/readers.js'
import { managementToken, setUpScene } from '../bench/scale/scene.js'
import { seed as seedFamilies } from '../bench/scale/seed.js'
import { newestTokens } from '../bench/scale/tokens.js'
import { eventually } from '../support/eventually.js'
import { MANAGEMENT, MANAGEMENT_ENVIRONMENT } from '../support/outside.js'
import { cleanUp, freePort, isAlive, preparedFolder, Service } from '../support/service.js'
import { type App, chanceOf, FAIR, Lane, refresh, SimulatedClient, type Weather } from '../support/simulated-client.js'

jest.setTimeout(600_000)

const CLIENTS = 10_000
const LANES = 48
const LEEWAY_SECONDS = 30
const BAD: Weather = { lostAnswers: 0.05, doubleSubmits: 0.05 }
/** Of all clients: somebody has copied their token, and uses it when they have gone on. */
const ROBBED = 0.02
const KILLS = 6
/** Every family was rotated once before its client came. */
const FIRST_GENERATION = 2

/** What a run follows from, but for the moments of the kills: SEED=… repeats it. */
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
const key = Buffer.alloc(32, 7)
const folder = preparedFolder()
let postgres: EmbeddedPostgres
let db: pg.Client
let service: Service
let app: App
let clients: SimulatedClient[]

beforeAll(async () => {
  // Workers of the service are killed, and never PostgreSQL: it need not wait for the disk.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
  postgres = await startEmbeddedPostgres({ dir: path.join(folder, 'postgres'), settings })
  const databaseUrl = postgres.url('postgres')
  db = createOwnerClient(databaseUrl)
  await db.connect()
  const encryptionKey = key.toString('base64')
  const port = await freePort()
  const start = (): Promise<Service> =>
    new Service(port, folder, { ...MANAGEMENT_ENVIRONMENT, DATABASE_URL: databaseUrl, ENCRYPTION_KEY: encryptionKey, WORKERS: '2' }).ready()

  service = await start()
  const issuer = `http://localhost:${port}/`
  const token = await managementToken(issuer, MANAGEMENT)
  // No ID tokens, and access tokens of the cheapest kind: signatures would be most of the work, and nothing to what is shown here.
  const scene = { ...(await setUpScene(issuer, token, LEEWAY_SECONDS)), scope: ['offline_access', 'read:orders'] }
  await signWithSecret(issuer, token, scene.audience)
  await eventually(() => readersAreDone(db))
  await service.stop()
  await seedFamilies({ databaseUrl, encryptionKeys: [encryptionKey], scene }, { families: CLIENTS, threads: 0 })
  service = await start()

  app = { port, clientId: scene.clientId, clientSecret: scene.clientSecret }
  const people = Array.from({ length: CLIENTS / FAMILIES_PER_PERSON }, (_, n) => userIdOf(n))
  const tokens = await newestTokens(db, new RootKeys([key]), people, FAMILIES_PER_PERSON)
  clients = tokens.map(({ token }, n) => new SimulatedClient(app, token, chanceOf(seed + n)))
})
afterAll(async () => {
  await db.end()
  await cleanUp()
  await postgres.stop()
  await cleanUp(folder)
})

test('no client that keeps to the protocol is logged out, and every thief ends what was stolen', async () => {
  const chance = chanceOf(seed)
  const robbed = new Set(clients.filter(() => chance() < ROBBED))
  const stolen = new Map([...robbed].map((client) => [client, client.token]))
  const honest = clients.filter((client) => !robbed.has(client))
  const lanes = Array.from({ length: LANES }, () => new Lane())

  const killer = new Killer(lanes, Math.floor(CLIENTS / (KILLS + 1)))
  // Once for all, and again for whoever is robbed, so that what the thieves have is two generations old.
  for (const list of [clients, [...robbed]]) {
    await inTurns(list, lanes, async (client, lane) => {
      await client.exchange(lane, BAD)
      killer.look()
    })
  }
  const thieves = new Map<SimulatedClient, string>()
  await inTurns([...robbed], lanes, async (client, lane) => {
    // Some tokens come back two generations late, some three.
    if (chance() < 0.5) await client.exchange(lane, BAD)
    const { status, body } = await refresh(app, stolen.get(client)!, lane)
    thieves.set(client, `${status} ${(JSON.parse(body) as { error?: string }).error}`)
    await client.exchange(lane, FAIR)
  })
  await inTurns(honest, lanes, (client, lane) => client.exchange(lane, FAIR))
  for (const lane of lanes) lane.close()

  const refused = (list: readonly SimulatedClient[]): unknown[] => list.flatMap(({ refusal }) => (refusal ? [refusal] : []))
  expect({ seed, loggedOut: refused(honest) }).toEqual({ seed, loggedOut: [] })
  expect({ seed, thieves: new Set(thieves.values()), loggedOut: refused([...robbed]).length }).toEqual({
    seed,
    thieves: new Set(['403 invalid_grant']),
    loggedOut: robbed.size,
  })
  // No exchange counted twice, whatever became of its answer; and nothing ended but what was stolen.
  expect(await families()).toEqual([
    { status: 'active', reason: null, generation: FIRST_GENERATION + 2, families: honest.length },
    { status: 'revoked', reason: 'reuse', generation: null, families: robbed.size },
  ])
  expect(lanes.reduce((sum, { lost }) => sum + lost, 0)).toBeGreaterThan((CLIENTS * BAD.lostAnswers) / 2)
  expect(killer.kills).toBe(KILLS)
})

async function signWithSecret(issuer: string, token: string, audience: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const init = { method: 'PATCH', headers, body: JSON.stringify({ signing_alg: 'HS256' }) }
  expect((await fetch(`${issuer}api/v2/resource-servers/${encodeURIComponent(audience)}`, init)).status).toBe(200)
}

async function families(): Promise<unknown[]> {
  const { rows } = await db.query(`
    select state->>'status' as status, state->>'reason' as reason,
      case when state->>'status' = 'active' then (state->>'generation')::int end as generation, count(*) as families
    from streams where type = 'refresh_token_family' group by 1, 2, 3 order by 1, 3`)
  return rows
}

/** Lets every client have its turn, as many at once as there are lanes. */
async function inTurns(list: readonly SimulatedClient[], lanes: readonly Lane[], turn: (client: SimulatedClient, lane: Lane) => Promise<void>): Promise<void> {
  const waiting = list.values()
  await Promise.all(
    lanes.map(async (lane) => {
      for (const client of waiting) await turn(client, lane)
    }),
  )
}

/** Kills an HTTP worker, with all that it was about to do, whenever so many more answers have come. */
class Killer {
  kills = 0

  constructor(
    private readonly lanes: readonly Lane[],
    private readonly every: number,
  ) {}

  look(): void {
    const answers = this.lanes.reduce((sum, lane) => sum + lane.answers, 0)
    if (this.kills === KILLS || answers < (this.kills + 1) * this.every) return
    const [victim] = service.workers('http').filter(isAlive)
    if (victim === undefined) return
    this.kills++
    process.kill(victim, 'SIGKILL')
  }
}
