import { randomUUID } from 'node:crypto'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isForeignKeyViolation } from '../../database/errors.js'
import { Audit } from '../../audit/audit.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { ActionRows, type BindingRef } from '../action/action-rows.js'
import { MAX_BINDINGS, replaceBindings, triggerBindings } from '../trigger-bindings/trigger-bindings.js'
import { writeBindings } from '../trigger-bindings/trigger-bindings-table.js'
import { RUNNING_TRIGGERS, SINGLE } from '../triggers.js'

export type BindOutcome =
  | { readonly kind: 'bound' }
  /** `ref`: the first that will not do. */
  | { readonly kind: 'unknown' | 'not deployed' | 'another trigger' | 'twice'; readonly ref: BindingRef }
  | { readonly kind: 'too many' }

/** Replaces the whole list of a trigger; its order is that of execution. What runs at the moment finishes with the old one. */
export class BindActions extends Command<BindOutcome> {
  constructor(
    readonly triggerId: string,
    readonly wanted: readonly { readonly ref: BindingRef; readonly displayName?: string | undefined }[],
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(BindActions)
export class BindActionsHandler implements ICommandHandler<BindActions> {
  constructor(
    private readonly store: EventStore,
    private readonly rows: ActionRows,
    private readonly audit: Audit,
  ) {}

  async execute({ triggerId, wanted, context }: BindActions): Promise<BindOutcome> {
    if (wanted.length > (SINGLE.includes(triggerId) ? 1 : MAX_BINDINGS)) return { kind: 'too many' }
    const found = await this.rows.bindable(
      triggerId,
      wanted.map(({ ref }) => ref),
    )
    const seen = new Set<string>()
    for (const [n, { ref }] of wanted.entries()) {
      const bindable = found[n]
      if (!bindable) return { kind: 'unknown', ref }
      if (bindable.triggerId !== triggerId) return { kind: 'another trigger', ref }
      if (!bindable.deployed) return { kind: 'not deployed', ref }
      if (seen.has(bindable.actionId)) return { kind: 'twice', ref }
      seen.add(bindable.actionId)
    }
    const bindings = wanted.map(({ displayName }, n) => {
      const { actionId, name } = found[n]!
      return { actionId, displayName: displayName ?? name, newId: randomUUID() }
    })
    try {
      await this.store.transact(
        triggerBindings,
        triggerId,
        (state, now) => replaceBindings(state, bindings, now),
        context,
        (db, state, now) => writeBindings(db, triggerId, state, now),
      )
      if (bindings.length > 0 && !RUNNING_TRIGGERS.includes(triggerId)) {
        await this.audit.record({ type: 'Warned', data: { description: `Actions are bound to ${triggerId}, which this service does not run.` } }, context)
      }
      return { kind: 'bound' }
    } catch (error) {
      // Deleted between the look and the write.
      if (isForeignKeyViolation(error)) return { kind: 'unknown', ref: wanted[0]!.ref }
      throw error
    }
  }
}
