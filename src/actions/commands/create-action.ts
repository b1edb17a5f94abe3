import { randomUUID } from 'node:crypto'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import { action, createAction } from '../action/action.js'
import { countActions, MAX_ACTIONS, TooManyActions, writeAction } from '../action/action-table.js'
import type { ActionDraft } from '../action/action.events.js'
import { textHash } from '../action/code-hash.js'
import { encryptSecret } from '../action/secrets.js'

/** A draft as an operator sends it. */
export interface NewAction extends Omit<ActionDraft, 'code'> {
  readonly code: string
  readonly secrets: readonly { readonly name: string; readonly value: string }[]
  /** As soon as it is built. */
  readonly deploy: boolean
}

type CreateActionOutcome = { readonly kind: 'created'; readonly id: string } | { readonly kind: 'name taken' } | { readonly kind: 'too many' }

/** A new Action, whose build begins at once. */
export class CreateAction extends Command<CreateActionOutcome> {
  constructor(
    readonly fresh: NewAction,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(CreateAction)
export class CreateActionHandler implements ICommandHandler<CreateAction> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  async execute({ fresh: { secrets, deploy, ...draft }, context }: CreateAction): Promise<CreateActionOutcome> {
    const id = randomUUID()
    const encrypted = secrets.map(({ name, value }) => encryptSecret(this.rootKeys, id, name, value))
    const names = secrets.map(({ name }) => name)
    try {
      await this.store.transact(
        action,
        id,
        (state) => createAction(state, { ...draft, code: textHash(draft.code) }, names, deploy),
        context,
        async (db, state, now) => {
          await writeAction(db, id, state, now, { code: draft.code, secrets: encrypted })
          if ((await countActions(db)) > MAX_ACTIONS) throw new TooManyActions()
        },
      )
      return { kind: 'created', id }
    } catch (error) {
      if (isUniqueViolation(error)) return { kind: 'name taken' }
      if (error instanceof TooManyActions) return { kind: 'too many' }
      throw error
    }
  }
}
