import { Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { AreActionsBound, RunPostLogin } from '../../actions/index.js'
import { type ClientDocument, PostLoginEffects, PostLoginFacts } from '../../authorization/index.js'
import type { Context } from '../../event-store/event.js'
import type { Account } from '../../users/index.js'
import type { PasswordTerms } from '../password-terms.js'
import type { Caller, PasswordRequest } from '../token-request.js'
import { denialOf } from './denial.js'
import type { Decided } from './exchange-actions.js'
import { exchangeRequest } from './exchange-event.js'

/** A login at the token endpoint that has passed every check of its own, and counts as one. */
export interface PasswordLogin {
  readonly request: PasswordRequest
  readonly client: ClientDocument
  readonly caller: Caller
  readonly terms: PasswordTerms
  readonly account: Account
  /** When the password was the right one. */
  readonly at: Date
  /** With the origin sealed for the person. */
  readonly cause: Context
}

/** Asks the post-login Actions at a login by password (spec/actions.md §2.1, column PW; §4.1). */
@Injectable()
export class PasswordActions {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly facts: PostLoginFacts,
    private readonly effects: PostLoginEffects,
  ) {}

  /**
   * Undefined where none is bound. What they want for the user is done when this answers, before anything is issued; there is no session that they
   * could want anything for. Errors: the database's.
   */
  async decide({ request, client, caller, terms, account, at, cause }: PasswordLogin): Promise<Decided | undefined> {
    if (!(await this.queries.execute(new AreActionsBound('post-login')))) return undefined
    const { profile, createdAt, updatedAt, passwordChangedAt } = account
    const { api, connection } = terms
    const parties = { client, api, profile, createdAt, updatedAt, passwordChangedAt, connection: connection.name, loggingIn: true as const }
    const event = {
      ...(await this.facts.of(parties)),
      ...exchangeRequest(caller, request, 'oauth2-password'),
      authentication: { methods: [{ name: 'pwd', timestamp: at.toISOString() }] },
    }
    const outcome = await this.commands.execute(new RunPostLogin(event, cause))
    // Nothing of what was wanted for somebody who must show more first.
    if (outcome.kind === 'allowed' && outcome.multifactor === 'required') return denialOf(outcome)
    await this.effects.apply(outcome, { userId: profile.user_id, sessionId: undefined }, cause)
    return outcome.kind === 'allowed' ? outcome : denialOf(outcome)
  }
}
