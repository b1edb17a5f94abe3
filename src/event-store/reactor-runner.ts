import type pg from 'pg'
import { isTransient } from '../database/errors.js'
import { failedEvents, projectionPosition } from './event-store.metrics.js'
import { LogFeed, ownEvents } from './log-feed.js'
import { NotYetError, type Reactor } from './projection.js'
import { recordFailure } from './projection-runner.js'

const TRIES = 3

/**
 * Feeds one reactor with the sealed log. Its checkpoint moves after its commands, so after a crash the last batch comes again.
 * An event that fails three times for a reason of its own is recorded in failed_events; one that met an unreachable database is tried until it works.
 */
export class ReactorRunner {
  constructor(
    private readonly pool: pg.Pool,
    readonly reactor: Reactor,
    private readonly onFailure: (failure: { projection: string; position: number; type: string; error: unknown }) => void,
    private readonly feed = new LogFeed(pool),
  ) {}

  /** One batch; answers whether the checkpoint moved. Errors: the database's; BrokenLogError; MovedElsewhere. */
  async advance(): Promise<boolean> {
    const { name, upcasters } = this.reactor
    const [checkpoint] = await this.feed.checkpoints([name])
    const from = checkpoint!
    const batch = await this.feed.read(from)
    const { events, upTo } = batch
    if (events.length === 0) return false
    for (const event of ownEvents(batch, upcasters)) {
      const error = await this.#react(event)
      if (error === undefined) continue
      await recordFailure(this.pool, name, event, error)
      failedEvents.inc({ name })
      this.onFailure({ projection: name, position: event.position, type: event.type, error })
    }
    await this.feed.move({ name, from, to: upTo })
    projectionPosition.set({ name }, upTo.position)
    return true
  }

  async #react(event: Parameters<Reactor['react']>[0]): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        await this.reactor.react(event)
        return undefined
      } catch (error) {
        if (isTransient(error) || error instanceof NotYetError) throw error
        if (tries === TRIES) return error ?? new Error('failed without an error')
      }
    }
  }
}
