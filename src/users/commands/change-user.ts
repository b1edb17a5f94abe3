import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context, Mark } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { LookupKey } from '../../keys/lookup-key.js'
import { PersonKeys } from '../../keys/person-keys.js'
import type { UserChanges } from '../user/changes.js'
import type { UserLookups } from '../user/lookups.js'
import { hashPassword } from '../user/password.js'
import { profileChanges } from '../user/profile-changes.js'
import { changePassword, changeUser, user } from '../user/user.js'
import { updateUser } from '../user/user-table.js'

interface ChangedUser {
  readonly result: 'changed' | 'absent' | 'exists'
  /** What `caughtUp` can wait for; absent when nothing was to change. */
  readonly mark?: Mark
}

/**
 * Sets the attributes that are named, null taking one away; metadata is merged at its first level. Answers 'exists', and changes nothing, when
 * the new address, user name or telephone number is taken in the connection. Whether a password is good enough is for the caller to say.
 */
export class ChangeUser extends Command<ChangedUser> {
  constructor(
    readonly userId: string,
    readonly changes: { readonly attributes?: UserChanges; readonly password?: string | undefined },
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(ChangeUser)
export class ChangeUserHandler implements ICommandHandler<ChangeUser> {
  constructor(
    private readonly store: EventStore,
    readonly personKeys: PersonKeys,
    readonly lookupKey: LookupKey,
  ) {}

  async execute({ userId, changes: { attributes = {}, password }, context }: ChangeUser): Promise<ChangedUser> {
    const passwordHash = password === undefined ? undefined : await hashPassword(password)
    let lookups: UserLookups | undefined
    try {
      return await this.store.transact(
        user,
        userId,
        async (state) => {
          if (state.status === 'absent') return changeUser(state, {})
          const changes = await profileChanges(this, state.profile, attributes)
          lookups = changes.lookups
          const profile = changeUser(state, changes.sealed)
          return { ...profile, events: [...profile.events, ...(passwordHash === undefined ? [] : changePassword(state).events)] }
        },
        context,
        (db, state) => updateUser(db, userId, state, { passwordHash, lookups }),
      )
    } catch (error) {
      if (isUniqueViolation(error)) return { result: 'exists' }
      throw error
    }
  }
}
