import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { Audit } from '../../audit/audit.js'
import type { Context, PersonalData } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { FindUser, SignUp, type SignedUp } from '../../users/index.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { type Caller, causedBy, inNameOf, ofVisitor } from '../caused-by.js'
import { isSignUpOpen } from '../sign-up-open.js'

/** Makes an account for somebody who came from a client; that it was refused is recorded. */
export class SignUpForClient extends Command<SignedUp> {
  constructor(
    readonly request: AuthorizeRequest,
    readonly account: { readonly email: string; readonly password: string },
    readonly caller: Caller,
  ) {
    super()
  }
}

@CommandHandler(SignUpForClient)
export class SignUpForClientHandler implements ICommandHandler<SignUpForClient> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
    private readonly audit: Audit,
  ) {}

  async execute({ request, account, caller }: SignUpForClient): Promise<SignedUp> {
    const { client, connection, invitation } = request
    const context = { ...(await causedBy(this.personKeys, caller)), clientId: client.client_id, connection: connection.name, ...inNameOf(request) }
    const signedUp = isSignUpOpen(request)
      ? await this.commands.execute(new SignUp(connection, account, context, invitation?.email === undefined ? undefined : invitation))
      : ({ kind: 'refused', problem: 'Sign-up is not possible here.' } as const)
    if (signedUp.kind === 'refused') await this.#record(signedUp.problem, await this.#typed(account.email, request), context)
    return signedUp
  }

  #record(description: string, userName: PersonalData, context: Context): Promise<void> {
    return this.audit.record({ type: 'SignupFailed', data: { description, userName } }, context)
  }

  /** Sealed for whoever has that address already, so that it goes with them. */
  async #typed(email: string, { connection }: AuthorizeRequest): Promise<PersonalData> {
    const known = await this.queries.execute(new FindUser({ connectionId: connection.id, email }))
    const name = email.slice(0, 320)
    return known ? this.personKeys.seal(known.user_id, name) : ofVisitor(this.personKeys, name)
  }
}
