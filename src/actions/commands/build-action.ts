import { randomUUID } from 'node:crypto'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { action, noteBuild } from '../action/action.js'
import { ActionRows } from '../action/action-rows.js'
import { writeAction } from '../action/action-table.js'
import { textHash } from '../action/code-hash.js'
import { DraftBuilder } from '../build/draft-builder.js'

/** Builds a draft, and deploys it where that was asked for. Repeating it, or asking for a draft that has changed since, changes nothing. */
export class BuildAction extends Command<void> {
  constructor(
    readonly id: string,
    readonly build: number,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(BuildAction)
export class BuildActionHandler implements ICommandHandler<BuildAction> {
  constructor(
    private readonly store: EventStore,
    private readonly rows: ActionRows,
    private readonly builder: DraftBuilder,
  ) {}

  async execute({ id, build, context }: BuildAction): Promise<void> {
    const row = await this.rows.find(id)
    if (!row || row.document.build.number !== build || row.document.build.status !== 'pending') return
    const { draft } = row.document
    const built = await this.builder.build({ code: row.code, runtime: draft.runtime, trigger: draft.trigger.id, dependencies: draft.dependencies })
    const bundle = 'problems' in built || built.bundle === undefined ? undefined : { hash: textHash(built.bundle), code: built.bundle }
    const outcome =
      'problems' in built
        ? { problems: built.problems }
        : { bundle: bundle?.hash ?? null, dependencies: built.dependencies, packages: built.packages, warnings: built.warnings }
    const versionId = randomUUID()
    await this.store.transact(
      action,
      id,
      (state, now) => noteBuild(state, build, outcome, versionId, now),
      context,
      (db, state, now) => writeAction(db, id, state, now, { bundle }),
    )
  }
}
