import { randomUUID } from 'node:crypto'
import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type ActiveSession, cookieModeOf } from '../../sessions/index.js'
import { authorizationCode, type CodeTerms, issueCode } from '../authorization-code/authorization-code.js'
import type { DecidedByActions } from '../authorization-code/authorization-code.events.js'
import { type CodeGrant, toGrant } from '../authorization-code/code-grant.js'
import { codeStream, newCode } from '../authorization-code/code-value.js'
import type { AuthorizeRequest } from '../authorize-request.js'
import { grantedScope, mayGoOnline } from '../granted-scope.js'
import { isFrontChannel, type ResponseTypes } from '../response-types.js'
import { enforcedPermissions, permittedScope } from '../user-permissions.js'

/** As long as the name of a device that brings a key of its own. */
const MAX_DEVICE_NAME = 255

export interface IssuedCode {
  /** Undefined where the client asked for tokens alone. */
  readonly code: string | undefined
  readonly grant: CodeGrant
  readonly frontChannel: CodeTerms['frontChannel']
  /** By the database's clock. */
  readonly at: Date
}

/**
 * A code for the person of a session, with what of the request they may give the client. Where it asks for tokens alone nobody is told a code, and
 * its event is the record of what was answered.
 */
export class IssueAuthorizationCode extends Command<IssuedCode> {
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

  async execute({ request, login, context, actions }: IssueAuthorizationCode): Promise<IssuedCode> {
    const { client, api, clientGrantScope, target, organization, responseTypes } = request
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
      ...frontChannel(responseTypes),
      ...(device !== undefined && { device: await this.personKeys.seal(session.userId, [...device].slice(0, MAX_DEVICE_NAME).join('')) }),
      ...(actions && { actions, cookie: cookieModeOf(session) }),
    }
    const code = newCode()
    const cause = { ...context, userId: session.userId, clientId: client.client_id, sessionId, connection: session.connection, ...inOrganization }
    const isTold = responseTypes.has('code')
    const lifetime = isTold ? this.config.settings.codeTtl : 0
    const { result: at } = await this.store.transact(authorizationCode, codeStream(code), (state, now) => issueCode(state, terms, now, lifetime), cause)
    return { code: isTold ? code : undefined, grant: toGrant(terms), frontChannel: terms.frontChannel, at }
  }
}

function frontChannel(types: ResponseTypes): Pick<CodeTerms, 'frontChannel'> {
  if (!isFrontChannel(types)) return {}
  return { frontChannel: { idToken: types.has('id_token'), ...(types.has('token') && { accessTokenId: randomUUID() }) } }
}
