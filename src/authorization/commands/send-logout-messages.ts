import { randomUUID } from 'node:crypto'
import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { Audit } from '../../audit/audit.js'
import { CONFIG, type Config } from '../../config.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { SigningKeys } from '../../keys/signing-keys.js'
import { FindTenantSettings } from '../../users/index.js'
import { logoutTarget } from '../back-channel-logout/initiators.js'
import { deliver } from '../back-channel-logout/deliver.js'
import { type LogoutMessage, LogoutMessages } from '../back-channel-logout/logout-messages.js'
import { FindClient } from '../queries/find-client.js'

const AT_ONCE = 20
const TOKEN_SECONDS = 120
/** Before the second, third and fourth try: all within two minutes (spec/sessions.md §7). */
const PAUSES_SECONDS = [5, 25, 80]
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Tells clients what is due (OpenID Connect Back-Channel Logout §2.5). One that died in the middle leaves its messages to be sent again, so a client
 * may hear twice. Answers how many it tried. To be given every so often.
 */
export class SendLogoutMessages extends Command<number> {}

@CommandHandler(SendLogoutMessages)
export class SendLogoutMessagesHandler implements ICommandHandler<SendLogoutMessages> {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queries: QueryBus,
    private readonly messages: LogoutMessages,
    private readonly signingKeys: SigningKeys,
    private readonly personKeys: PersonKeys,
    private readonly audit: Audit,
  ) {}

  async execute(): Promise<number> {
    const due = await this.messages.claim(AT_ONCE)
    await Promise.all(due.map((message) => this.#send(message)))
    await this.messages.forgetEnded()
    return due.length
  }

  async #send(message: LogoutMessage): Promise<void> {
    const { client_id: clientId, session_id: sessionId, user_id: userId, initiator, metadata, cause, tries } = message
    const client = await this.queries.execute(new FindClient({ clientId }, 'now'))
    const target = client && logoutTarget(client.document, initiator)
    // Its address was taken away meanwhile.
    if (!target) return this.messages.end(message)
    const token = await this.#token(message, target.withMetadata)
    const answer = await deliver(target.url, token, this.config.allowPrivateTargets || this.config.settings.backchannelAllowInsecureTargets)
    const { delivered, final, ...outcome } = answer
    const { include_session_metadata_in_tenant_logs: logsMetadata } = await this.queries.execute(new FindTenantSettings())
    const data = { initiator, uri: target.url, ...outcome, ...(logsMetadata === true && { sessionMetadata: metadata }) }
    const fact = delivered ? ({ type: 'LogoutTokenDelivered', data } as const) : ({ type: 'LogoutTokenFailed', data } as const)
    await this.audit.record(fact, { ...cause, clientId, userId, sessionId })
    const pause = PAUSES_SECONDS[tries - 1]
    if (final || pause === undefined) return this.messages.end(message)
    await this.messages.tryAgain(message, pause)
  }

  /** The standard asks for `logout+jwt`; Auth0's own libraries check for `JWT`. */
  async #token({ client_id, session_id, user_id, metadata }: LogoutMessage, withMetadata: boolean): Promise<string> {
    const iat = Math.floor(Date.now() / 1000)
    const opened = withMetadata ? ((metadata && (await this.personKeys.open<object>(metadata))) ?? {}) : undefined
    const claims = {
      iss: this.config.issuer,
      sub: user_id,
      aud: client_id,
      iat,
      exp: iat + TOKEN_SECONDS,
      jti: randomUUID(),
      events: { [EVENT]: {} },
      trace_id: randomUUID().replaceAll('-', ''),
      sid: session_id,
      ...(opened && { session_metadata: opened }),
    }
    return this.signingKeys.sign(claims, { alg: 'RS256', typ: 'JWT' })
  }
}
