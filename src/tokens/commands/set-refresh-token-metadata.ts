import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, PersonalData } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type ActiveFamily, setMetadata } from '../refresh-token/family.js'
import { familyUnderMarks } from '../refresh-token/family-under-marks.js'
import { checkMetadata, type AttachedMetadata } from '../../metadata.js'

/**
 * Replaces a refresh token's metadata (spec/refresh-tokens.md §11), or adds to it, where `without` names what of the present one goes.
 * Answers false when there is no such active token. Errors: InvalidMetadataError.
 */
export class SetRefreshTokenMetadata extends Command<boolean> {
  constructor(
    readonly familyId: string,
    readonly metadata: AttachedMetadata,
    readonly context: Context = {},
    readonly without?: readonly string[],
  ) {
    super()
  }
}

@CommandHandler(SetRefreshTokenMetadata)
export class SetRefreshTokenMetadataHandler implements ICommandHandler<SetRefreshTokenMetadata> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ familyId, metadata, context, without }: SetRefreshTokenMetadata): Promise<boolean> {
    const { result } = await this.store.transact(
      familyUnderMarks,
      familyId,
      async (state, now) => {
        const next = state.status === 'active' ? await this.#seal(state.userId, { ...(without && (await this.#kept(state, without))), ...metadata }) : null
        return { ...setMetadata(state, next, now), cause: () => ('userId' in state ? { userId: state.userId, clientId: state.clientId } : {}) }
      },
      context,
    )
    return result
  }

  async #kept({ metadata }: ActiveFamily, without: readonly string[]): Promise<AttachedMetadata> {
    const present = metadata === null ? undefined : await this.personKeys.open<AttachedMetadata>(metadata)
    return Object.fromEntries(Object.entries(present ?? {}).filter(([key]) => !without.includes(key)))
  }

  async #seal(userId: string, metadata: AttachedMetadata): Promise<PersonalData | null> {
    checkMetadata(metadata)
    return Object.keys(metadata).length > 0 ? this.personKeys.seal(userId, metadata, { current: true }) : null
  }
}
