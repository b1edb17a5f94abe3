import type pg from 'pg'
import { isTransient } from '../database/errors.js'
import { inTransaction } from '../database/pool.js'
import { type Move, MovedElsewhere, moveCheckpoints } from './checkpoints.js'
import { failedEvents, projectionPosition } from './event-store.metrics.js'
import type { SealedEvent } from './event.js'
import { LogFeed, ownEvents } from './log-feed.js'
import { type LoggedEvent, ofTypes, type Place } from './log-reader.js'
import { NO_PERSONAL_VALUES, openedOnce, type PersonalValues, type Projection } from './projection.js'

/**
 * Feeds projections with the sealed log, in order. Those that stand at the same position share one read and one commit.
 * An event that a projection cannot handle is recorded in failed_events and counted; the others go on.
 */
export class ProjectionRunner {
  constructor(
    private readonly pool: pg.Pool,
    private readonly projections: readonly Projection[],
    private readonly onFailure: (failure: { projection: string; position: number; type: string; error: unknown }) => void,
    private readonly personal: PersonalValues = NO_PERSONAL_VALUES,
    private readonly feed = new LogFeed(pool),
  ) {}

  /** One batch for each group of projections; answers whether any moved. Errors: the database's; BrokenLogError; MovedElsewhere. */
  async advance(): Promise<boolean> {
    const names = this.projections.map(({ name }) => name)
    const groups = new Map<number, { from: Place; projections: Projection[] }>()
    for (const { name, ...from } of await this.feed.checkpoints(names)) {
      const group = groups.get(from.position) ?? { from, projections: [] }
      group.projections.push(this.projections.find((projection) => projection.name === name)!)
      groups.set(from.position, group)
    }
    let moved = false
    for (const { from, projections } of groups.values()) moved = (await this.#step(from, projections)) || moved
    return moved
  }

  async #step(from: Place, projections: readonly Projection[]): Promise<boolean> {
    const batch = await this.feed.read(from)
    const { events, upTo } = batch
    if (events.length === 0) return false
    const moves = projections.map(({ name }) => ({ name, from, to: upTo }))
    this.feed.forget(moves)
    const personal = openedOnce(this.personal)
    try {
      await this.#moving(moves, async (db) => {
        for (const projection of projections) {
          const own = ownEvents(batch, projection.upcasters)
          if (own.length > 0) await projection.apply(own, db, personal)
        }
      })
    } catch (error) {
      if (error instanceof MovedElsewhere || isTransient(error)) throw error
      await this.#moving(moves, (db) => this.#singly(db, projections, events, personal))
    }
    this.feed.moved(moves)
    for (const { name } of projections) projectionPosition.set({ name }, upTo.position)
    return true
  }

  /** Does the work of a batch in the transaction that moves the checkpoints. */
  #moving(moves: readonly Move[], work: (db: pg.ClientBase) => Promise<void>): Promise<void> {
    return inTransaction(this.pool, async (db) => {
      if ((await moveCheckpoints(db, moves)).size !== moves.length) throw new MovedElsewhere()
      await work(db)
    })
  }

  /** What one of them cannot handle stops neither the others nor the rest of its batch. */
  async #singly(db: pg.ClientBase, projections: readonly Projection[], events: readonly LoggedEvent[], personal: PersonalValues): Promise<void> {
    for (const projection of projections) {
      for (const { event, error } of await project(db, projection, events, personal)) {
        failedEvents.inc({ name: projection.name })
        this.onFailure({ projection: projection.name, position: event.position, type: event.type, error })
      }
    }
  }
}

/** An event that a reader could not handle. */
interface Failure {
  readonly event: LoggedEvent
  readonly error: unknown
}

/**
 * Applies a batch within the caller's transaction. If it fails for a reason of its own its events are applied one by one,
 * and those that fail are recorded and answered. Errors: what would pass by itself, for the caller to try again.
 */
export async function project(
  db: pg.ClientBase,
  projection: Projection,
  logged: readonly LoggedEvent[],
  personal: PersonalValues = NO_PERSONAL_VALUES,
): Promise<Failure[]> {
  const own = logged.filter(({ type }) => Object.hasOwn(projection.upcasters, type))
  if (own.length === 0 || (await attempt(db, () => projection.apply(ofTypes(own, projection.upcasters), db, personal))) === undefined) return []
  const failures: Failure[] = []
  for (const event of own) {
    const error = await attempt(db, () => projection.apply(ofTypes([event], projection.upcasters), db, personal))
    if (error === undefined) continue
    await recordFailure(db, projection.name, event, error)
    failures.push({ event, error })
  }
  return failures
}

/** Undoes what `work` wrote if it fails, and answers the error. */
async function attempt(db: pg.ClientBase, work: () => Promise<void>): Promise<unknown> {
  await db.query('savepoint projecting')
  try {
    await work()
    await db.query('release savepoint projecting')
    return undefined
  } catch (error) {
    if (isTransient(error)) throw error
    await db.query('rollback to savepoint projecting')
    return error ?? new Error('failed without an error')
  }
}

/** Makes an event that a reader could not handle visible to the operator. */
export async function recordFailure(
  db: pg.ClientBase | pg.Pool,
  reader: string,
  event: Pick<SealedEvent, 'position' | 'streamId' | 'version' | 'type'>,
  error: unknown,
): Promise<void> {
  await db.query(
    `insert into failed_events (projection, position, stream_id, version, type, error) values ($1, $2, $3, $4, $5, $6)
     on conflict (projection, position) do update set error = excluded.error, failed_at = now()`,
    [reader, event.position, event.streamId, event.version, event.type, error instanceof Error ? error.message : String(error)],
  )
}
