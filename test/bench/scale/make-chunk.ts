import { randomBytes, randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Append } from '../../../src/event-store/append-queue.js'
import type { Metadata } from '../../../src/event-store/event.js'
import { ofTypes, type LoggedEvent } from '../../../src/event-store/log-reader.js'
import type { PersonalValues, Projection } from '../../../src/event-store/projection.js'
import type { LookupKey } from '../../../src/keys/lookup-key.js'
import type { RootKeys } from '../../../src/keys/root-key.js'
import { projections } from '../../../src/projections.js'
import { IssueRefreshToken, IssueRefreshTokenHandler } from '../../../src/tokens/commands/issue-refresh-token.js'
import { type IssueAccess, RedeemRefreshToken, RedeemRefreshTokenHandler } from '../../../src/tokens/commands/redeem-refresh-token.js'
import type { FamilyUser } from '../../../src/tokens/refresh-token/family-with-user.js'
import { CreateUser, CreateUserHandler } from '../../../src/users/commands/create-user.js'
import { CapturedDb, CapturedStore } from './captured.js'
import type { Columns, Row } from './copy.js'
import { NewPeople, originOf } from './people.js'
import { type Chunk, type Scene, userIdOf } from './plan.js'

export interface Tools {
  readonly db: pg.Client
  readonly rootKeys: RootKeys
  readonly lookupKey: LookupKey
  readonly columns: ReadonlyMap<string, Columns>
}

const HOSTNAME = 'auth.example.com'

/** What stands in the tables, by table in the order of writing. */
export type Rows = ReadonlyMap<string, readonly Row[]>

/** A chunk that commands have made: its people with their keys and streams, then every family's start, then every family's rotation. */
export interface Made {
  readonly rows: Rows
  readonly people: NewPeople
  readonly appends: readonly Append[]
}

/** Makes a chunk, or only its people, by the service's own commands and projections. */
export async function makeByCommands(tools: Tools, scene: Scene, chunk: Chunk, families: number): Promise<Made> {
  const db = new CapturedDb(tools.db, tools.columns)
  const store = new CapturedStore(db)
  const people = new NewPeople(tools.rootKeys)
  const tick = (): void => {
    store.now = new Date(timeOf(chunk, store.appends.length))
  }
  await createPeople(tools, scene, chunk, store, people, tick)
  await startAndRotate(tools, scene, chunk, families, store, people, tick)
  const { epoch, xid } = chunk
  const events = store.appends.flatMap(({ streamId, events }) => events.map((event) => ({ streamId, ...event })))
  const places = events.map((_, n) => ({ position: chunk.position + n, sequence: chunk.sequence + n }))
  const log = events.map((event, n) => logged(event, places[n]!.position))
  await project(db, people.personalValues(tools.lookupKey), chunk.logged ? projections : projections.filter(({ table }) => table !== 'tenant_logs'), log)
  const rows = new Map<string, readonly Row[]>([
    ['person_keys', Array.from({ length: chunk.people }, (_, n) => keyRow(people, chunk, n))],
    ...db.rows,
    ['streams', store.streams.map(streamRow)],
    ['events', events.map((event, n) => eventRow(event, { epoch, xid, sequence: places[n]!.sequence }))],
  ])
  return { rows, people, appends: store.appends }
}

async function createPeople({ lookupKey }: Tools, scene: Scene, chunk: Chunk, store: CapturedStore, people: NewPeople, tick: () => void): Promise<void> {
  const createUser = new CreateUserHandler(store.asEventStore, people.asPersonKeys, lookupKey)
  for (let n = 0; n < chunk.people; n++) {
    const userId = userIdOf(chunk.firstPerson + n)
    people.add(userId)
    tick()
    const email = `${userId.slice('auth0|'.length)}@example.com`
    const created = await createUser.execute(new CreateUser({ userId, connection: scene.connection, email, emailVerified: true }, { actor: 'seeder' }))
    if (created !== 'created') throw new Error(`a person was not created: ${created}`)
  }
}

async function startAndRotate(
  { rootKeys }: Tools,
  scene: Scene,
  chunk: Chunk,
  families: number,
  store: CapturedStore,
  people: NewPeople,
  tick: () => void,
): Promise<void> {
  const issue = new IssueRefreshTokenHandler(store.asEventStore, rootKeys, people.asPersonKeys)
  const tokens: string[] = []
  for (let n = 0; n < families; n++) {
    tick()
    const { userId, origin } = deviceOf(chunk, n)
    const { clientId, audience, scope, connection } = scene
    const login = { sessionId: newSessionId(), authenticatedAt: store.now.toISOString(), connection: connection.name }
    const grant = { userId, clientId, audience, scope, rotating: true, ...login }
    tokens.push((await issue.execute(new IssueRefreshToken(grant, scene.policy, origin, contextOf()))).refreshToken)
  }

  const redeem = new RedeemRefreshTokenHandler(store.asEventStore, rootKeys, people.asPersonKeys)
  const { audience, scope } = scene
  const access: IssueAccess<undefined> = () => Promise.resolve({ access: { accessTokenId: randomUUID(), audience, scope }, tokens: undefined })
  for (const [n, token] of tokens.entries()) {
    tick()
    const { userId, origin } = deviceOf(chunk, n)
    store.companion = { user: null, key: people.rowOf(userId), mark: null } satisfies FamilyUser
    const redeemed = await redeem.execute(new RedeemRefreshToken<undefined>(token, scene.clientId, scene.policy, origin, contextOf(), { issue: access }))
    if (redeemed.kind !== 'redeemed') throw new Error(`a rotation was not made: ${JSON.stringify(redeemed)}`)
  }
}

/** When the chunk's event of this number happens, in ms. */
export const timeOf = ({ from, until, people, families }: Chunk, event: number): number => Math.floor(from + ((until - from) * event) / (people + 2 * families))

export const newSessionId = (): string => randomBytes(24).toString('base64url')

/** As requests have it. */
const contextOf = () => ({ hostname: HOSTNAME, correlationId: randomUUID() })

/** A person's families are apart from each other, as their logins are. */
export function deviceOf({ firstPerson, people }: Chunk, family: number) {
  const person = firstPerson + (family % people)
  return { userId: userIdOf(person), origin: originOf(person, Math.floor(family / people)) }
}

async function project(db: CapturedDb, personal: PersonalValues, readers: readonly Projection[], events: readonly LoggedEvent[]): Promise<void> {
  for (const projection of readers) {
    const own = ofTypes(events, projection.upcasters)
    if (own.length > 0) await projection.apply(own, db.asClient(), personal)
  }
}

type Appended = Append['events'][number] & { readonly streamId: string }

const logged = ({ streamId, version, type, schemaVersion, data, metadata }: Appended, position: number): LoggedEvent => ({
  position,
  streamId,
  version,
  type,
  schemaVersion,
  data: JSON.parse(data) as object,
  metadata: JSON.parse(metadata) as Metadata,
})

const keyRow = (people: NewPeople, chunk: Chunk, n: number): Row => ({ ...people.rowOf(userIdOf(chunk.firstPerson + n)), created_at: new Date(chunk.from) })

const streamRow = ({ streamId, streamType, version, headHash, state, stateVersion, lastAt }: Append): Row => ({
  id: streamId,
  type: streamType,
  version,
  head_hash: headHash,
  state,
  state_version: stateVersion,
  last_at: lastAt,
})

const eventRow = ({ streamId, version, type, schemaVersion, data, metadata, hash, occurredAt }: Appended, place: object): Row => ({
  stream_id: streamId,
  version,
  type,
  schema_version: schemaVersion,
  data,
  metadata,
  hash,
  occurred_at: occurredAt,
  ...place,
})
