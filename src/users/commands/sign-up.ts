import { randomBytes } from 'node:crypto'
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { isEmail } from 'class-validator'
import type { Context } from '../../event-store/event.js'
import type { ConnectionDocument } from '../connection/connection.events.js'
import type { PresentedInvitation } from '../queries/find-invitation-by-ticket.js'
import { normalizedEmail } from '../user/email.js'
import { passwordProblem } from '../user/password-policy.js'
import { CreateUser } from './create-user.js'

export type SignedUp =
  | { readonly kind: 'created'; readonly userId: string }
  /** `problem` is a sentence for the person. */
  | { readonly kind: 'refused'; readonly problem: string }

/**
 * Makes an account for somebody who asks for one on the sign-up page of a database connection. Who is invited may have one whatever the connection
 * says, which is for the caller to judge, and for the invited address alone.
 */
export class SignUp extends Command<SignedUp> {
  constructor(
    readonly connection: ConnectionDocument,
    readonly account: { readonly email: string; readonly password: string },
    readonly context: Context,
    readonly invitation?: Pick<PresentedInvitation, 'email' | 'provesEmail'>,
  ) {
    super()
  }
}

@CommandHandler(SignUp)
export class SignUpHandler implements ICommandHandler<SignUp> {
  constructor(private readonly commandBus: CommandBus) {}

  async execute({ connection, account, context, invitation }: SignUp): Promise<SignedUp> {
    const { email, password } = account
    if (!invitation && connection.options['disable_signup'] === true) return { kind: 'refused', problem: 'Sign-up is not possible here.' }
    if (!isEmail(email)) return { kind: 'refused', problem: 'Please enter a valid email address.' }
    if (invitation && normalizedEmail(email) !== invitation.email) return { kind: 'refused', problem: 'This invitation is for another email address.' }
    const problem = passwordProblem(connection.options, password, { email })
    if (problem) return { kind: 'refused', problem: problem.sentence }
    const userId = `auth0|${randomBytes(12).toString('hex')}`
    const fresh = { userId, connection, email, emailVerified: invitation?.provesEmail ?? false, password, signedUp: true }
    const created = await this.commandBus.execute(new CreateUser(fresh, { ...context, userId, connection: connection.name }))
    if (created === 'created') return { kind: 'created', userId }
    return { kind: 'refused', problem: created === 'exists' ? 'An account with this email address exists already.' : 'Sign-up is not possible here.' }
  }
}
