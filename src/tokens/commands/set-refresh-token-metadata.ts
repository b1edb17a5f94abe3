import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, PersonalData } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { family, setMetadata } from '../refresh-token/family.js'
import { checkMetadata, type RefreshTokenMetadata } from '../refresh-token/metadata.js'

/** Replaces a refresh token's metadata (spec/refresh-tokens.md §11). Answers false when there is no such active token. Errors: InvalidMetadataError. */
export class SetRefreshTokenMetadata extends Command<boolean> {
  constructor(
    readonly familyId: string,
    readonly metadata: RefreshTokenMetadata,
    readonly context: Context = {},
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

  async execute({ familyId, metadata, context }: SetRefreshTokenMetadata): Promise<boolean> {
    checkMetadata(metadata)
    const { result } = await this.store.transact(
      family,
      familyId,
      async (state, now) => setMetadata(state, state.status === 'active' ? await this.#seal(state.userId, metadata) : null, now),
      (state) => Promise.resolve('userId' in state ? { ...context, userId: state.userId, clientId: state.clientId } : context),
    )
    return result
  }

  async #seal(userId: string, metadata: RefreshTokenMetadata): Promise<PersonalData | null> {
    return Object.keys(metadata).length > 0 ? this.personKeys.seal(userId, metadata) : null
  }
}
