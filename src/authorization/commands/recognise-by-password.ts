import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { Audit } from '../../audit/audit.js'
import type { AuditEvent } from '../../audit/audit.events.js'
import type { Context } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type Account, CheckPassword, type CheckedPassword, type ConnectionDocument, FindAccount } from '../../users/index.js'
import { type Caller, causedBy, ofVisitor } from '../caused-by.js'
import type { ClientDocument } from '../client/client.events.js'

type Recognised =
  /** `at`: when the password was the right one, by the database's clock: what ends the person's logins from then on ends this one. */
  | { readonly kind: 'recognised'; readonly account: Account; readonly at: Date }
  /** It is in the log already, and when it was one too many, that too. */
  | { readonly kind: 'wrong' }
  /** Too many wrong ones: this one was not even looked at. */
  | { readonly kind: 'too many' }
  /** Deleted in this moment, whoever bears their id now, or their password or name became another. */
  | { readonly kind: 'gone'; readonly userId: string }

/** Somebody says who they are, on the login page or to a client that passes it on. */
interface PasswordAttempt {
  readonly client: Pick<ClientDocument, 'client_id'>
  readonly connection: Pick<ConnectionDocument, 'id' | 'name'>
  /** An email address or a username. */
  readonly identifier: string
  readonly password: string
  /** The grant type by which a client passed it on. */
  readonly grant?: string
}

/**
 * The one place where a password is looked at, whatever it is to open: so its attempts are counted together, refused alike, and told in the log
 * alike (spec/logs.md §2.2, §2.5). Whether the person is blocked is for the caller to see. Errors: the database's.
 */
export class RecogniseByPassword extends Command<Recognised> {
  constructor(
    readonly attempt: PasswordAttempt,
    readonly caller: Caller,
    /** What the log is to say beside it. */
    readonly context: Context = {},
  ) {
    super()
  }
}

@CommandHandler(RecogniseByPassword)
export class RecogniseByPasswordHandler implements ICommandHandler<RecogniseByPassword> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
    private readonly audit: Audit,
  ) {}

  async execute(asked: RecogniseByPassword): Promise<Recognised> {
    const { identifier, password, connection } = asked.attempt
    const attempt = { connectionId: connection.id, identifier, password, address: asked.caller.origin.ip }
    const checked = await this.commands.execute(new CheckPassword(attempt))
    if (checked.kind === 'locked') return { kind: 'too many' }
    if (checked.kind === 'wrong') {
      await this.#recordFailure(asked, checked)
      return { kind: 'wrong' }
    }
    const { userId, at } = checked
    const account = await this.queries.execute(new FindAccount(userId))
    return account && isSame(account, checked) ? { kind: 'recognised', account, at } : { kind: 'gone', userId }
  }

  async #recordFailure(asked: RecogniseByPassword, { userId, locks }: Extract<CheckedPassword, { kind: 'wrong' }>): Promise<void> {
    const { identifier, grant } = asked.attempt
    const failure =
      userId === undefined
        ? ({ reason: 'unknown-user', userName: await ofVisitor(this.personKeys, identifier.slice(0, 320)) } as const)
        : ({ reason: 'wrong-password' } as const)
    const told = { ...failure, description: WRONG_PASSWORD, ...(grant !== undefined && { grant }) }
    await this.#record({ type: 'LoginFailed', data: told }, asked, userId)
    if (locks) await this.#record({ type: 'AccountLocked', data: {} }, asked, userId)
  }

  async #record(event: AuditEvent, { attempt: { client, connection }, caller, context }: RecogniseByPassword, userId: string | undefined): Promise<void> {
    // Nor may it tell who exists by which key was at hand.
    const cause = await causedBy(this.personKeys, caller, userId, { current: true })
    await this.audit.record(event, { ...cause, clientId: client.client_id, connection: connection.name, ...context })
  }
}

/** Of a wrong password and of nobody's name alike; SDKs match it (spec/oauth.md §6.3). */
export const WRONG_PASSWORD = 'Wrong email or password.'

const isSame = (account: Account, { createdAt, loginsEndedAt }: Extract<CheckedPassword, { kind: 'right' }>): boolean =>
  timeOf(account.createdAt) === createdAt.getTime() && timeOf(account.loginsEndedAt) === loginsEndedAt?.getTime()

const timeOf = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time))
