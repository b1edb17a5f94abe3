import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { accountOf } from '../login/accounts.js'
import { type Credentials, CredentialsTable } from '../login/credentials.js'
import { LoginAttempts } from '../login/login-attempts.js'
import { hashPassword, isPassword } from '../user/password.js'

export type CheckedPassword =
  /** `at`: when it was looked up, and of whom: a password that was changed since is another, and so is whoever bears the id of somebody deleted. */
  | ({ readonly kind: 'right'; readonly at: Date } & Pick<Credentials, 'userId' | 'createdAt' | 'loginsEndedAt'>)
  /** `locks`: the last attempt before the limit, so that it is told once. */
  | { readonly kind: 'wrong'; readonly userId: string | undefined; readonly locks: boolean }
  /** Too many wrong ones: this one was not even looked at. */
  | { readonly kind: 'locked' }

/** Whether this is the password of who the person says they are. Takes equally long for nobody, so that it tells nothing about who exists. */
export class CheckPassword extends Command<CheckedPassword> {
  constructor(
    readonly attempt: {
      readonly connectionId: string
      /** An email address or a username. */
      readonly identifier: string
      readonly password: string
      readonly address: string
    },
  ) {
    super()
  }
}

@CommandHandler(CheckPassword)
export class CheckPasswordHandler implements ICommandHandler<CheckPassword> {
  /** The hash of a password that nobody has, of the same cost as all others. */
  #nobodys: Promise<string> | undefined

  constructor(
    private readonly credentials: CredentialsTable,
    private readonly attempts: LoginAttempts,
  ) {}

  async execute({ attempt }: CheckPassword): Promise<CheckedPassword> {
    const { connectionId, identifier, password, address } = attempt
    const found = await this.credentials.find(connectionId, identifier)
    const account = accountOf(connectionId, identifier, found?.userId)
    const limit = await this.attempts.limit(address)
    const failures = limit ? await this.attempts.count(account, address, limit) : 0
    if (limit && failures > limit.failures) return { kind: 'locked' }
    this.#nobodys ??= hashPassword(crypto.randomUUID())
    const matches = await isPassword(found?.passwordHash ?? (await this.#nobodys), password)
    if (!found?.passwordHash || !matches) return { kind: 'wrong', userId: found?.userId, locks: failures === limit?.failures }
    if (limit) await this.attempts.forget(account, address, limit)
    const { userId, createdAt, loginsEndedAt, at } = found
    return { kind: 'right', userId, createdAt, loginsEndedAt, at }
  }
}
