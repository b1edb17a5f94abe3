import { Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Parameters } from '../../http/body.js'
import { OAuthError } from '../../http/oauth-error.js'
import { FindTenantSettings, type TenantSettings } from '../../users/index.js'
import type { ClientDocument } from '../client/client.events.js'
import { isStrict } from '../client/strict.js'
import { type IdTokenHint, IdTokenHints } from '../id-token-hints.js'
import { FindClient } from '../queries/find-client.js'
import { shownAddress } from '../shown-request.js'
import { isAllowedLogoutUrl } from './logout-urls.js'

/** A logout that may take place. */
export interface LogoutRequest {
  readonly clientId: string | undefined
  /** Where the browser goes afterwards; undefined for the page that says it is done. */
  readonly redirectTo: string | undefined
  /** Whose session, and which, the caller says it is: shown by an ID token of ours. */
  readonly hint: IdTokenHint | undefined
  /** The session that the caller names without showing anything. */
  readonly hintedSessionId: string | undefined
  /** Whether the person is asked where the hints leave a doubt. */
  readonly mayAsk: boolean
}

/** An address that is not registered: shown on a page, and recorded. */
export class LogoutRefused extends OAuthError {
  constructor(
    description: string,
    readonly clientId: string | undefined,
    /** Where it leads, without what may be about a person; undefined for what is no address. */
    readonly returnTo: string | undefined,
    readonly allowed: readonly string[],
  ) {
    super('invalid_request', description)
  }
}

/** Reads and checks requests to the logout endpoints, before anything ends. */
@Injectable()
export class LogoutRequests {
  constructor(
    private readonly queries: QueryBus,
    private readonly hints: IdTokenHints,
  ) {}

  /** `/v2/logout` (spec/oauth.md §13.1): never asks. Errors: OAuthError; LogoutRefused. */
  async readV2(parameters: Parameters): Promise<LogoutRequest> {
    const clientId = parameters['client_id']
    const allowed = clientId === undefined ? tenantUrls(await this.#tenant()) : ((await this.#client(clientId)).allowed_logout_urls ?? [])
    const asked = parameters['returnTo']
    if (asked !== undefined && !isAllowedLogoutUrl(asked, allowed, { ignoreQuery: true })) throw notAllowed('returnTo', asked, clientId, allowed)
    const redirectTo = asked ?? (clientId === undefined ? undefined : firstAddress(allowed))
    return { clientId, redirectTo, hint: undefined, hintedSessionId: undefined, mayAsk: false }
  }

  /** `/oidc/logout` (spec/oauth.md §13.2; OpenID Connect RP-Initiated Logout §2). Errors: OAuthError; LogoutRefused. */
  async readOidc(parameters: Parameters): Promise<LogoutRequest> {
    const token = parameters['id_token_hint']
    const hint = token === undefined ? undefined : await this.#hint(token)
    const named = parameters['client_id']
    if (hint && named !== undefined && named !== hint.clientId) throw new OAuthError('invalid_request', 'client_id and id_token_hint are of different clients.')
    const clientId = hint?.clientId ?? named
    const tenant = await this.#tenant()
    const allowed = clientId === undefined ? tenantUrls(tenant) : ((await this.#client(clientId)).allowed_logout_urls ?? [])
    const asked = parameters['post_logout_redirect_uri']
    if (asked !== undefined && !isAllowedLogoutUrl(asked, allowed, { ignoreQuery: false })) {
      throw notAllowed('post_logout_redirect_uri', asked, clientId, allowed)
    }
    return {
      clientId,
      redirectTo: asked === undefined ? undefined : withState(asked, parameters['state']),
      hint,
      hintedSessionId: parameters['logout_hint'],
      mayAsk: (tenant['sessions'] as { oidc_logout_prompt_enabled?: unknown } | undefined)?.oidc_logout_prompt_enabled !== false,
    }
  }

  /** Its expiry does not count (RP-Initiated Logout §2). */
  async #hint(token: string): Promise<IdTokenHint> {
    const hint = await this.hints.read(token)
    if (!hint) throw new OAuthError('invalid_request', 'The id_token_hint is not an ID token of this issuer.')
    return hint
  }

  async #client(clientId: string): Promise<ClientDocument> {
    const found = /^[\x20-\x7e]{1,255}$/.test(clientId) ? await this.queries.execute(new FindClient({ clientId })) : undefined
    if (!found || found.document.global) throw new OAuthError('invalid_request', 'Unknown client', undefined, { status: 400 })
    // It has no ID tokens to show; its way to end what it has is /oauth/revoke (spec/oauth.md §15).
    if (isStrict(found.document)) throw new OAuthError('unauthorized_client', 'This application may not log people out.', undefined, { status: 400 })
    return found.document
  }

  #tenant(): Promise<TenantSettings> {
    return this.queries.execute(new FindTenantSettings())
  }
}

const tenantUrls = (tenant: TenantSettings): readonly string[] => (tenant['allowed_logout_urls'] as readonly string[] | undefined) ?? []

/** The first that people can be sent to as it stands: one with a `*` names many hosts, and is none. */
const firstAddress = (allowed: readonly string[]): string | undefined => allowed.find((url) => isAllowedLogoutUrl(url, [url], { ignoreQuery: true }))

/** So many stand in the log. */
const MAX_ALLOWED = 20

function notAllowed(parameter: string, asked: string, clientId: string | undefined, allowed: readonly string[]): LogoutRefused {
  const returnTo = URL.canParse(asked) ? shownAddress(new URL(asked)) : undefined
  const description = `The "${parameter}" querystring parameter is not in the list of allowed logout URLs.`
  return new LogoutRefused(description, clientId, returnTo, allowed.slice(0, MAX_ALLOWED))
}

function withState(url: string, state: string | undefined): string {
  if (state === undefined) return url
  const [address = '', fragment] = url.split(/#(.*)/s)
  return `${address}${address.includes('?') ? '&' : '?'}${new URLSearchParams({ state }).toString()}${fragment === undefined ? '' : `#${fragment}`}`
}
