import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common'
import pg from 'pg'
import type { PersonalData } from '../../event-store/event.js'

export type ExecutionStatus = 'final' | 'partial' | 'suspended'

/** What came of one Action. `sealed`: what it wrote and threw, as JSON of SealedTexts. */
export interface ExecutionResult {
  readonly action_name: string
  readonly action_id: string
  readonly version_id: string
  readonly number: number
  readonly started_at: string
  readonly ended_at: string
  readonly failed: boolean
  readonly sealed?: PersonalData
}

/** What an Action made of a person's data, so it is sealed as theirs. */
export interface SealedTexts {
  readonly logs?: string
  readonly error?: { readonly name: string; readonly message: string }
  readonly warnings?: readonly string[]
}

interface Execution {
  readonly id: string
  readonly triggerId: string
  readonly status: ExecutionStatus
  readonly results: readonly ExecutionResult[]
  readonly startedAt: Date
}

const FLUSH_MS = 200
const MAX_BATCH = 200
/** A database that is away for long costs records, not memory. */
const MAX_WAITING = 5000

/** Writes records of executions, many at a time and after the answer: they are for reading back, and nothing is decided by them. */
@Injectable()
export class ExecutionLog implements OnApplicationShutdown {
  readonly #log = new Logger('actions')
  readonly #preparing = new Set<Promise<void>>()
  #waiting: Execution[] = []
  #writing: Promise<void> | undefined

  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** Takes what is still being made, so that nobody waits for it. */
  add(execution: Promise<Execution>): void {
    const prepared = execution
      .then(
        (made) => this.#push(made),
        (error: unknown) => this.#log.warn('a record of an execution was lost', { err: error }),
      )
      .finally(() => this.#preparing.delete(prepared))
    this.#preparing.add(prepared)
  }

  #push(execution: Execution): void {
    if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift()
    this.#waiting.push(execution)
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  /** Resolves when what was added so far is written, or lost. */
  async flushed(): Promise<void> {
    await Promise.all(this.#preparing)
    await this.#writing
  }

  async onApplicationShutdown(): Promise<void> {
    await this.flushed()
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise((done) => setTimeout(done, FLUSH_MS))
      const batch = this.#waiting.splice(0, MAX_BATCH)
      await this.#insert(batch).catch((error: unknown) => this.#log.warn('records of executions were lost', { err: error, count: batch.length }))
    }
  }

  async #insert(batch: readonly Execution[]): Promise<void> {
    const rows = joined(batch).map(({ id, triggerId, status, results, startedAt }) => ({
      id,
      trigger_id: triggerId,
      status,
      results,
      created_at: startedAt,
      updated_at: new Date(),
    }))
    await this.pool.query(
      `insert into action_executions (id, trigger_id, status, results, created_at, updated_at)
       select id, trigger_id, status, results, created_at, updated_at from jsonb_populate_recordset(null::action_executions, $1)
       on conflict (id) do update set status = excluded.status, results = action_executions.results || excluded.results, updated_at = excluded.updated_at`,
      [JSON.stringify(rows)],
    )
  }
}

/** An execution that continues is one with its first part, also where both are written at once. */
function joined(batch: readonly Execution[]): Execution[] {
  const byId = new Map<string, Execution>()
  for (const execution of batch) {
    const before = byId.get(execution.id)
    byId.set(execution.id, before ? { ...before, status: execution.status, results: [...before.results, ...execution.results] } : execution)
  }
  return [...byId.values()]
}
