import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { PersonalData } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { ExecutionLog, type ExecutionResult, type SealedTexts } from '../executions/execution-log.js'

/** An execution as the Management API shows it (spec/actions.md §8.2), and what its Actions wrote while the person is not erased. */
export class FindActionExecution extends Query<object | undefined> {
  constructor(readonly id: string) {
    super()
  }
}

@QueryHandler(FindActionExecution)
export class FindActionExecutionHandler implements IQueryHandler<FindActionExecution> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly personKeys: PersonKeys,
    private readonly executions: ExecutionLog,
  ) {}

  async execute({ id }: FindActionExecution): Promise<object | undefined> {
    // Of this process: others write theirs within a moment.
    await this.executions.flushed()
    const { rows } = await this.pool.query<Row>('select id, trigger_id, status, results, created_at, updated_at from action_executions where id = $1', [id])
    const [row] = rows
    if (!row) return undefined
    const sealed = row.results.map((result) => result.sealed).filter((data): data is PersonalData => data !== undefined)
    const opened = await this.personKeys.openMany<SealedTexts>(sealed)
    const texts = row.results.map((result) => (result.sealed === undefined ? undefined : opened.shift()))
    return {
      id: row.id,
      trigger_id: row.trigger_id,
      status: row.status,
      results: row.results.map((result, n) => show(result, texts[n])),
      created_at: row.created_at.toISOString(),
      updated_at: row.updated_at.toISOString(),
    }
  }
}

interface Row {
  readonly id: string
  readonly trigger_id: string
  readonly status: string
  readonly results: readonly ExecutionResult[]
  readonly created_at: Date
  readonly updated_at: Date
}

const show = ({ action_name, action_id, version_id, number, started_at, ended_at, failed }: ExecutionResult, texts: SealedTexts | undefined): object => ({
  action_name,
  action_id,
  version_id,
  version_number: number,
  started_at,
  ended_at,
  ...(failed && { error: { id: texts?.error?.name ?? 'error', msg: texts?.error?.message ?? '', url: '' } }),
  ...(texts?.logs !== undefined && { logs: texts.logs }),
  ...(texts?.warnings && { warnings: texts.warnings }),
})
