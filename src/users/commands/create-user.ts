import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context, PersonalData } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { LookupKey } from '../../keys/lookup-key.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { normalizedEmail } from '../user/email.js'
import { hashPassword } from '../user/password.js'
import type { UserProfile } from '../user/user.events.js'
import { createUser, user } from '../user/user.js'
import { insertUser, type UserLookups } from '../user/user-table.js'

export interface NewUser {
  readonly userId: string
  readonly connection: { readonly id: string; readonly name: string; readonly strategy: string }
  readonly email: string
  readonly emailVerified: boolean
  readonly password?: string
  readonly administrator?: boolean
}

/** Answers 'exists', and changes nothing, when the id is taken or the address is, in the same connection. */
export class CreateUser extends Command<'created' | 'exists'> {
  constructor(
    readonly user: NewUser,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(CreateUser)
export class CreateUserHandler implements ICommandHandler<CreateUser> {
  constructor(
    private readonly store: EventStore,
    private readonly personKeys: PersonKeys,
    private readonly lookupKey: LookupKey,
  ) {}

  async execute({ user: fresh, context }: CreateUser): Promise<'created' | 'exists'> {
    const profile = await this.#profile(fresh)
    const lookups: UserLookups = { email: await this.lookupKey.of('email', normalizedEmail(fresh.email)) }
    const passwordHash = fresh.password === undefined ? undefined : await hashPassword(fresh.password)
    try {
      const { result } = await this.store.transact(
        user,
        fresh.userId,
        (state) => createUser(state, profile, { administrator: fresh.administrator ?? false }),
        context,
        (db, state) => insertUser(db, state, lookups, passwordHash),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      throw error
    }
  }

  /** Auth0's defaults: the name is the address, the nickname its local part. */
  async #profile({ userId, connection, email, emailVerified }: NewUser): Promise<UserProfile> {
    // Under the key of now: whoever bore this id before may just have been erased elsewhere.
    const seal = (value: string): Promise<PersonalData> => this.personKeys.seal(userId, value, { current: true })
    const address = normalizedEmail(email)
    const [sealedEmail, name, nickname] = await Promise.all([address, address, address.split('@')[0]!].map(seal))
    return {
      user_id: userId,
      identities: [
        {
          connection: connection.name,
          connection_id: connection.id,
          provider: connection.strategy,
          user_id: userId.slice(userId.indexOf('|') + 1),
          isSocial: false,
        },
      ],
      email: sealedEmail!,
      email_verified: emailVerified,
      name: name!,
      nickname: nickname!,
    }
  }
}
