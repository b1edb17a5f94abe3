import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import { action, changeAction } from '../action/action.js'
import { ActionRows } from '../action/action-rows.js'
import { writeAction } from '../action/action-table.js'
import { textHash } from '../action/code-hash.js'
import { decryptSecrets, type EncryptedSecret, encryptSecret } from '../action/secrets.js'
import type { NewAction } from './create-action.js'

/** A secret without a value keeps the one that it has; one that is not in the list goes. Of the trigger only the version may be another. */
type ActionChanges = Partial<Omit<NewAction, 'secrets' | 'deploy'>> & {
  readonly secrets?: readonly { readonly name: string; readonly value?: string | undefined }[]
}

type ChangeActionOutcome = 'changed' | 'absent' | 'name taken' | { readonly withoutValue: string }

/** Changes the draft; what is deployed runs on as it is. What is the same already changes nothing. */
export class ChangeAction extends Command<ChangeActionOutcome> {
  constructor(
    readonly id: string,
    readonly changes: ActionChanges,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeAction)
export class ChangeActionHandler implements ICommandHandler<ChangeAction> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    private readonly rows: ActionRows,
  ) {}

  async execute({ id, changes, context }: ChangeAction): Promise<ChangeActionOutcome> {
    const { secrets: wantedSecrets, code, ...rest } = changes
    let secrets: Secrets = { changes: { set: [], removed: [] }, encrypted: undefined }
    try {
      const { result } = await this.store.transact(
        action,
        id,
        async (state) => {
          secrets = await this.#secrets(id, wantedSecrets)
          if (secrets.withoutValue !== undefined && state.status === 'present') {
            return { events: [], result: { withoutValue: secrets.withoutValue } }
          }
          return changeAction(state, { ...rest, ...(code !== undefined && { code: textHash(code) }) }, secrets.changes)
        },
        context,
        (db, state, now) => writeAction(db, id, state, now, { code, ...(secrets.encrypted && { secrets: secrets.encrypted }) }),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'name taken'
      throw error
    }
  }

  /** What of the list is new, seen by opening what is stored: an import that repeats itself changes nothing. */
  async #secrets(id: string, wanted: ActionChanges['secrets']): Promise<Secrets> {
    const none = { changes: { set: [], removed: [] }, encrypted: undefined }
    if (!wanted) return none
    const stored = await this.rows.secretsOf(id)
    const values = decryptSecrets(this.rootKeys, id, stored)
    const withoutValue = wanted.find(({ name, value }) => value === undefined && !Object.hasOwn(values, name))?.name
    const set = wanted.filter(({ name, value }) => value !== undefined && !(Object.hasOwn(values, name) && values[name] === value))
    const removed = stored.map(({ name }) => name).filter((name) => !wanted.some((other) => other.name === name))
    if (withoutValue !== undefined) return { ...none, withoutValue }
    const kept = stored.filter(({ name }) => !removed.includes(name) && !set.some((other) => other.name === name))
    const encrypted = [...kept, ...set.map(({ name, value }) => encryptSecret(this.rootKeys, id, name, value!))]
    return { changes: { set: set.map(({ name }) => name), removed }, encrypted }
  }
}

interface Secrets {
  readonly changes: { readonly set: readonly string[]; readonly removed: readonly string[] }
  readonly encrypted: readonly EncryptedSecret[] | undefined
  readonly withoutValue?: string
}
