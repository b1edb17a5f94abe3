import { CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Allowed } from '../../actions/index.js'
import { Audit } from '../../audit/audit.js'
import {
  enforcedPermissions,
  grantedScope,
  permittedScope,
  RecogniseByPassword,
  SettleConsent,
  tooManyAttempts,
  WRONG_PASSWORD,
} from '../../authorization/index.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type Account, FindAccount } from '../../users/index.js'
import { deniedByActions, ExchangeRefused, type RefusedExchange } from '../exchange-refused.js'
import { FirstRefreshToken } from '../first-refresh-token.js'
import { PasswordTermsFinder } from '../password-terms.js'
import { decidedScope } from '../post-login/decided-scope.js'
import { PasswordActions, type PasswordLogin } from '../post-login/password-actions.js'
import { causedBy } from '../refresh-token/cause.js'
import { newFamilyId } from '../refresh-token/token-value.js'
import { TokenGrant } from '../token-grant.js'
import type { PasswordRequest, TokenSender } from '../token-request.js'
import { type TokenResponse, TokenSet } from '../token-set.js'

/**
 * Somebody's password becomes tokens (RFC 6749 §4.3, spec/oauth.md §6.3), without a session: what the client gets is all that comes of it.
 * Errors: ExchangeRefused; OAuthError too_many_attempts.
 */
export class PasswordGrant extends TokenGrant<PasswordRequest> {}

@CommandHandler(PasswordGrant)
export class PasswordGrantHandler implements ICommandHandler<PasswordGrant> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly terms: PasswordTermsFinder,
    private readonly actions: PasswordActions,
    private readonly tokenSet: TokenSet,
    private readonly refreshTokens: FirstRefreshToken,
    private readonly audit: Audit,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute(grant: PasswordGrant): Promise<TokenResponse> {
    const login = await this.#login(grant)
    const decided = await this.actions.decide(login)
    if (decided?.kind === 'denied') throw deniedByActions(decided, whose(login))
    return this.#issue(login, grant.sender, decided)
  }

  /** Who it is, and that they may come in. It counts as a login from here on, whatever follows (spec/actions.md §2.2), and lets the client have what it wants. */
  async #login({ request, client, caller, sender }: PasswordGrant): Promise<PasswordLogin> {
    const terms = await this.terms.find(request, client, sender)
    const { api, clientGrantScope, connection, requested: scope } = terms
    const { account, at } = await this.#recognised({ request, client, caller, terms })
    const { profile, administrator, createdAt } = account
    const { user_id: userId } = profile
    if (profile.blocked) throw blocked({ account, terms })
    const about = { clientId: client.client_id, connection: connection.name, ...(api && { audience: api.identifier }) }
    const cause = { ...caller.context, ...about, ...(await causedBy(this.personKeys, userId, caller.origin)) }
    await this.audit.record({ type: 'LoggedInWithoutSession', data: { userId } }, cause)
    await this.commands.execute(new SettleConsent({ client, api, clientGrantScope, scope }, { userId, administrator, createdAt }, false, cause))
    return { request, client, caller, terms, account, at, cause }
  }

  async #recognised({ request, client, caller, terms }: Omit<PasswordLogin, 'account' | 'at' | 'cause'>): Promise<Pick<PasswordLogin, 'account' | 'at'>> {
    const { username: identifier, password, grantType } = request
    const { connection, api } = terms
    const attempt = { client, connection, identifier, password, grant: grantType }
    const recognised = await this.commands.execute(new RecogniseByPassword(attempt, caller, api && { audience: api.identifier }))
    switch (recognised.kind) {
      case 'recognised':
        return recognised
      case 'too many':
        throw tooManyAttempts()
      case 'wrong':
        throw new ExchangeRefused('invalid_grant', WRONG_PASSWORD, { reason: 'wrong-password', recorded: true })
      case 'gone':
        throw gone(recognised.userId, terms)
    }
  }

  async #issue(login: PasswordLogin, sender: TokenSender, decided: Allowed | undefined): Promise<TokenResponse> {
    const { client, caller, account, terms, at, cause } = login
    const { api, clientGrantScope, connection, proof, requested } = terms
    const { profile, administrator } = account
    const { user_id: userId } = profile
    const { readAt } = await this.#stillThere(login)
    const permissions = await enforcedPermissions(this.queries, userId, api)
    const scope = permittedScope(grantedScope({ requested, client, api, clientGrantScope, administrator }), permissions)
    const familyId = scope.includes('offline_access') ? newFamilyId() : undefined
    const tokenId = this.tokenSet.newId()
    const authenticatedAt = at.toISOString()
    const given = decided ? decidedScope(scope, decided.scopes, api).scope : scope
    const rights = { client, api, person: account, sessionId: null, authenticatedAt, loginScope: scope, scope: given, permissions, proof, decided }
    const family = familyId !== undefined && { familyId }
    // Signed before anything is told or begun, which must not be lost to a failure of ours.
    const tokens = await this.tokenSet.forUser(tokenId, { ...rights, gty: 'password', ...family }, readAt)
    const facts = { ...cause, ...(decided && { actions: decided.execution }) }
    await this.audit.record({ type: 'PasswordGrantSucceeded', data: { scope: given.join(' '), tokenId, ...family } }, facts)
    if (familyId === undefined) return tokens
    const when = { authenticatedAt, authorizedAt: authenticatedAt }
    const first = { client, userId, sessionId: null, audience: api?.identifier ?? null, scope, connection: connection.name, ...when }
    return { ...tokens, ...(await this.refreshTokens.issue(familyId, { ...first, decided, execution: decided?.execution }, caller, sender)) }
  }

  /** Actions can take long: whose logins were ended meanwhile gets nothing for one from before, nor does another who bears their id. */
  async #stillThere({ account, terms }: PasswordLogin): Promise<Account> {
    const now = await this.queries.execute(new FindAccount(account.profile.user_id))
    if (now?.profile.blocked) throw blocked({ account, terms })
    if (now?.createdAt === account.createdAt && now.loginsEndedAt === account.loginsEndedAt) return now
    throw gone(account.profile.user_id, terms)
  }
}

type Parties = Pick<PasswordLogin, 'account' | 'terms'>

const whose = ({ account, terms }: Parties): Pick<RefusedExchange, 'userId' | 'login'> => ({
  userId: account.profile.user_id,
  login: { connection: terms.connection.name },
})

/** spec/oauth.md §1.2; SDKs match the text. */
const blocked = (parties: Parties): ExchangeRefused => new ExchangeRefused('unauthorized', 'user is blocked', { reason: 'user-blocked', ...whose(parties) })

const gone = (userId: string, { connection }: PasswordLogin['terms']): ExchangeRefused =>
  new ExchangeRefused('invalid_grant', WRONG_PASSWORD, { reason: 'user-gone', userId, login: { connection: connection.name } })
