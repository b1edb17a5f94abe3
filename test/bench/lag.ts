import type pg from 'pg'
import { createPool } from '../../src/database/pool.js'
import { before } from '../../src/event-store/catch-up.js'
import type { Mark } from '../../src/event-store/event.js'
import { elapse } from './clock.js'
import { percentiles, type Watch } from './load.js'
import type { Figures } from './row.js'

/** One look answers all that is asked; between two looks lie this many ms, which is how exact the lags are. */
const LOOK_EVERY_MS = 5
/** What is still not done so long after the window counts with its age until then. */
const DRAIN_MS = 15_000

type Stage = 'seal' | 'projections' | 'reactors'

/**
 * Takes the newest committed event at every look and waits until it is sealed, and until all projections and all reactors have
 * passed it: the lag that a caller would see who asks right after the answer.
 */
export class LagWatch implements Watch {
  readonly #pool: pg.Pool
  readonly #waiting: Record<Stage, { mark: Mark; since: number }[]> = { seal: [], projections: [], reactors: [] }
  readonly #lags: Record<Stage, number[]> = { seal: [], projections: [], reactors: [] }
  #newest: Mark | undefined
  #sampling = false
  #done = false
  #looking: Promise<void> | undefined
  #firstSeal: Seal | undefined
  #lastSeal: Seal | undefined

  /** `projections` by their names; every other checkpoint is a reactor's. */
  constructor(
    databaseUrl: string,
    private readonly projections: readonly string[],
  ) {
    this.#pool = createPool(databaseUrl, 1)
  }

  open(): void {
    this.#sampling = true
    this.#looking = this.#look()
    // Reported by `figures`.
    this.#looking.catch(() => undefined)
  }

  close(): void {
    this.#sampling = false
  }

  /** After `close`: waits until what was sampled is done. */
  async figures(): Promise<Figures> {
    const end = performance.now() + DRAIN_MS
    while (Object.values(this.#waiting).some((list) => list.length > 0) && performance.now() < end) await Promise.race([elapse(LOOK_EVERY_MS), this.#looking])
    this.#done = true
    await this.#looking
    const now = performance.now()
    for (const stage of ['seal', 'projections', 'reactors'] as const) this.#lags[stage].push(...this.#waiting[stage].map(({ since }) => now - since))
    const [first, last] = [this.#firstSeal, this.#lastSeal]
    return {
      ...percentiles('sealLagP50', 'sealLagP99', this.#lags.seal),
      ...percentiles('projectionLagP50', 'projectionLagP99', this.#lags.projections),
      ...percentiles('reactorLagP50', 'reactorLagP99', this.#lags.reactors),
      ...(first && last && last.number > first.number && { eventsPerSeal: (last.position - first.position) / (last.number - first.number) }),
    }
  }

  async stop(): Promise<void> {
    this.#done = true
    await this.#looking?.catch(() => undefined)
    await this.#pool.end()
  }

  async #look(): Promise<void> {
    while (!this.#done) {
      const { rows } = await this.#pool.query<Look>({ name: 'look', text: LOOK })
      this.#take(rows[0]!, performance.now())
      await elapse(LOOK_EVERY_MS)
    }
  }

  #take({ written, sealed, checkpoints }: Look, now: number): void {
    const reactors = Object.keys(checkpoints ?? {}).filter((name) => !this.projections.includes(name))
    const marks = (names: readonly string[]): (Mark | undefined)[] => names.map((name) => checkpoints?.[name])
    this.#settle('seal', [sealed ?? undefined], now)
    this.#settle('projections', marks(this.projections), now)
    this.#settle('reactors', marks(reactors), now)
    if (!this.#sampling) return
    if (sealed) {
      this.#firstSeal ??= sealed
      this.#lastSeal = sealed
    }
    // An event that was seen before has an unknown age by now.
    if (!written || (this.#newest && !before(this.#newest, written))) return
    this.#newest = written
    for (const list of Object.values(this.#waiting)) list.push({ mark: written, since: now })
  }

  /** Marks come in log order, so the first that some reader has not passed ends the search. */
  #settle(stage: Stage, readers: readonly (Mark | undefined)[], now: number): void {
    const waiting = this.#waiting[stage]
    const passed = (mark: Mark): boolean => readers.every((reader) => reader && !before(reader, mark))
    const open = waiting.findIndex(({ mark }) => !passed(mark))
    for (const { since } of waiting.splice(0, open < 0 ? waiting.length : open)) this.#lags[stage].push(now - since)
  }
}

interface Seal extends Mark {
  readonly number: number
  readonly position: number
}

interface Look {
  written: Mark | null
  sealed: Seal | null
  checkpoints: Record<string, Mark> | null
}

const LOOK = `
  select
    (select json_build_object('epoch', epoch, 'xid', xid::text, 'sequence', sequence) from events order by epoch desc, xid desc, sequence desc limit 1) as written,
    (select json_build_object('epoch', epoch, 'xid', xid::text, 'sequence', sequence, 'number', number, 'position', last_position) from seals order by number desc limit 1) as sealed,
    (select json_object_agg(name, json_build_object('epoch', epoch, 'xid', xid::text, 'sequence', sequence)) from checkpoints) as checkpoints`
