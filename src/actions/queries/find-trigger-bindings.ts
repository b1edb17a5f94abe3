import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import type { ActionRow } from '../action/action-table.js'

export interface FoundBinding {
  readonly id: string
  readonly display_name: string
  readonly created_at: Date
  readonly updated_at: Date
  readonly action: Pick<ActionRow, 'id' | 'document' | 'created_at' | 'updated_at'>
}

/** What is bound to a trigger, in the order of execution. */
export class FindTriggerBindings extends Query<readonly FoundBinding[]> {
  constructor(readonly triggerId: string) {
    super()
  }
}

@QueryHandler(FindTriggerBindings)
export class FindTriggerBindingsHandler implements IQueryHandler<FindTriggerBindings> {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async execute({ triggerId }: FindTriggerBindings): Promise<FoundBinding[]> {
    const { rows } = await this.pool.query<Row>(
      `select b.id, b.display_name, b.created_at, b.updated_at, a.id as action_id, a.document, a.created_at as action_created_at, a.updated_at as action_updated_at
       from trigger_bindings b join actions a on a.id = b.action_id where b.trigger_id = $1 order by b.place`,
      [triggerId],
    )
    return rows.map(({ action_id, document, action_created_at, action_updated_at, ...binding }) => ({
      ...binding,
      action: { id: action_id, document, created_at: action_created_at, updated_at: action_updated_at },
    }))
  }
}

interface Row extends Omit<FoundBinding, 'action'> {
  readonly action_id: string
  readonly document: ActionRow['document']
  readonly action_created_at: Date
  readonly action_updated_at: Date
}
