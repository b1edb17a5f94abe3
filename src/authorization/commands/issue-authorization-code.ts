import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type ActiveSession, cookieModeOf } from '../../sessions/index.js'
import { authorizationCode, type CodeTerms, issueCode } from '../authorization-code/authorization-code.js'
import type { DecidedByActions } from '../authorization-code/authorization-code.events.js'
import { codeStream, newCode } from '../authorization-code/code-value.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { grantedScope, mayGoOnline } from '../granted-scope.js'
import { enforcedPermissions, permittedScope } from '../user-permissions.js'

/** As long as the name of a device that brings a key of its own. */
const MAX_DEVICE_NAME = 255

/** A code for the person of a session, with what of the request they may give the client. */
export class IssueAuthorizationCode extends Command<string> {
  constructor(
    readonly request: AuthorizeRequest,
    readonly login: {
      readonly sessionId: string
      readonly session: ActiveSession
      readonly administrator: boolean
      /** When the session was found good, by the database's clock: before anything was decided that the code stands for. */
      readonly authorizedAt: string
    },
    readonly context: Context,
    /** Undefined where none was asked. */
    readonly actions?: DecidedByActions,
  ) {
    super()
  }
}

@CommandHandler(IssueAuthorizationCode)
export class IssueAuthorizationCodeHandler implements ICommandHandler<IssueAuthorizationCode> {
  constructor(
    private readonly store: EventStore,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async execute({ request, login, context, actions }: IssueAuthorizationCode): Promise<string> {
    const { client, api, clientGrantScope, target, organization } = request
    const inOrganization = organization && { organizationId: organization.document.id }
    const { sessionId, session, administrator, authorizedAt } = login
    const device = request.parameters['device']
    const granted = grantedScope({ requested: request.scope, client, api, clientGrantScope, administrator })
    const terms: CodeTerms = {
      userId: session.userId,
      clientId: client.client_id,
      sessionId,
      connection: session.connection,
      ...inOrganization,
      scope: permittedScope(granted, await enforcedPermissions(this.queries, session.userId, api, inOrganization?.organizationId)),
      audience: api?.identifier ?? null,
      redirectUri: target.redirectUri,
      redirectUriSent: request.redirectUriSent,
      nonce: request.nonce ?? null,
      challenge: request.challenge,
      dpopJkt: request.dpopJkt ?? null,
      authenticatedAt: session.authenticatedAt,
      ...(session.methods.some(({ name }) => name !== 'pwd') && { methods: session.methods }),
      authorizedAt,
      maxAgeSent: request.maxAgeSeconds !== undefined,
      silent: request.prompt.has('none'),
      online: request.scope.includes('online_access') && mayGoOnline(client, api, { persistent: cookieModeOf(session) === 'persistent' }),
      ...(device !== undefined && { device: await this.personKeys.seal(session.userId, [...device].slice(0, MAX_DEVICE_NAME).join('')) }),
      ...(actions && { actions, cookie: cookieModeOf(session) }),
    }
    const code = newCode()
    const cause = { ...context, userId: session.userId, clientId: client.client_id, sessionId, connection: session.connection, ...inOrganization }
    const { codeTtl } = this.config.settings
    await this.store.transact(authorizationCode, codeStream(code), (state, now) => issueCode(state, terms, now, codeTtl), cause)
    return code
  }
}
