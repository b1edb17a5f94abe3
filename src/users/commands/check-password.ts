import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { CredentialsTable } from '../login/credentials.js'
import { LoginAttempts, MAX_FAILURES } from '../login/login-attempts.js'
import { normalizedEmail } from '../user/email.js'
import { hashPassword, isPassword } from '../user/password.js'

export type CheckedPassword =
  | { readonly kind: 'right'; readonly userId: string }
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
    // By id where there is one: email and username are two names of one account, not twice the attempts.
    const account = found?.userId ?? JSON.stringify([connectionId, normalizedEmail(identifier)])
    const failures = await this.attempts.count(account, address)
    if (failures > MAX_FAILURES) return { kind: 'locked' }
    this.#nobodys ??= hashPassword(crypto.randomUUID())
    const matches = await isPassword(found?.passwordHash ?? (await this.#nobodys), password)
    if (!found?.passwordHash || !matches) return { kind: 'wrong', userId: found?.userId, locks: failures === MAX_FAILURES }
    await this.attempts.forget(account, address)
    return { kind: 'right', userId: found.userId }
  }
}
