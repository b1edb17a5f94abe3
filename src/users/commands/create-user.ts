import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isUniqueViolation } from '../../database/errors.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { LookupKey } from '../../keys/lookup-key.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type Attributes, normalized, sealAttributes, withDefaults } from '../user/attributes.js'
import { lookupsOf } from '../user/lookups.js'
import { hashPassword } from '../user/password.js'
import type { Identity, UserProfile } from '../user/user.events.js'
import { createUser, user } from '../user/user.js'
import { ConnectionGoneError, insertUser } from '../user/user-table.js'

interface NewUser {
  readonly userId: string
  readonly connection: { readonly id: string; readonly name: string; readonly strategy: string }
  readonly email?: string
  readonly emailVerified?: boolean
  /** What else is known; `email` and `email_verified` may as well stand here. */
  readonly attributes?: Attributes
  readonly password?: string
  readonly administrator?: boolean
  /** They made the account themselves. */
  readonly signedUp?: boolean
}

/**
 * Answers 'exists', and changes nothing, when the id is taken or the address, user name or telephone number is, in the same connection;
 * 'no-connection' when the connection is not there (any more). Whether the password is good enough is for the caller to say.
 */
export class CreateUser extends Command<'created' | 'exists' | 'no-connection'> {
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

  async execute({ user: fresh, context }: CreateUser): Promise<'created' | 'exists' | 'no-connection'> {
    const { userId, administrator = false, signedUp = false } = fresh
    const attributes = withDefaults(normalized(attributesOf(fresh)))
    const lookups = await lookupsOf(this.lookupKey, attributes)
    const passwordHash = fresh.password === undefined ? undefined : await hashPassword(fresh.password)
    try {
      const { result } = await this.store.transact(
        user,
        userId,
        async (state) => {
          if (state.status === 'present') return { events: [], result: 'exists' as const }
          // Under the key of now: whoever bore this id before may just have been erased elsewhere.
          const sealed = await sealAttributes(this.personKeys, userId, attributes, { current: true })
          const profile: UserProfile = { user_id: userId, identities: [identityOf(fresh)], ...sealed }
          return createUser(state, profile, { administrator, signedUp })
        },
        context,
        (db, state) => insertUser(db, state, lookups, passwordHash),
      )
      return result
    } catch (error) {
      if (isUniqueViolation(error)) return 'exists'
      if (error instanceof ConnectionGoneError) return 'no-connection'
      throw error
    }
  }
}

function attributesOf({ email, emailVerified, attributes = {} }: NewUser): Attributes {
  const all = { ...attributes, ...(email !== undefined && { email }), ...(emailVerified !== undefined && { email_verified: emailVerified }) }
  return all.email === undefined || all.email_verified !== undefined ? all : { ...all, email_verified: false }
}

const identityOf = ({ userId, connection }: NewUser): Identity => ({
  connection: connection.name,
  connection_id: connection.id,
  provider: connection.strategy,
  user_id: userId.slice(userId.indexOf('|') + 1),
  isSocial: false,
})
