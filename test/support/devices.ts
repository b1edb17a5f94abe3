import type { ClientDocument } from '../../src/authorization/index.js'
import { ChangeTenantSettings } from '../../src/users/index.js'
import type { Json, TestApp } from './app.js'
import { eventually } from './eventually.js'
import { type LoggedIn, logIn } from './logins.js'
import { type Answer, credentialsOf, OAuthScene, ROTATING } from './oauth.js'
import { aClient, anApi, aPerson } from './people.js'

/** Somebody with two phones and a tablet: the same app on both phones, another app on the tablet. */
export interface Owner {
  readonly userId: string
  readonly email: string
  readonly client: ClientDocument
  readonly tabletClient: ClientDocument
  readonly audience: string
  readonly phone: LoggedIn
  readonly secondPhone: LoggedIn
  readonly tablet: LoggedIn
}

export const DEAD = '403 invalid_grant: Unknown or invalid refresh token.'
export const GONE = "403 invalid_grant: The refresh_token was generated for a user who doesn't exist anymore."
export const BLOCKED = '403 invalid_grant: user is blocked'

/** What happens to people's devices at one worker, and is seen at another. */
export class Devices {
  readonly #scene: OAuthScene

  constructor(
    private readonly service: TestApp,
    private readonly other: OAuthScene,
  ) {
    this.#scene = new OAuthScene(service)
  }

  async owner(): Promise<Owner> {
    const { service } = this
    const person = await aPerson(service)
    const [client, tabletClient] = [await aClient(service, { refresh_token: ROTATING }), await aClient(service, { refresh_token: ROTATING })]
    const audience = await anApi(service)
    const [phone, secondPhone] = await Promise.all([logIn(service, client, person, audience), logIn(service, client, person, audience)])
    // In the second phone's session, which no trigger names: a password takes its time.
    const tablet = await logIn(service, tabletClient, person, audience, secondPhone.who)
    return { ...person, client, tabletClient, audience, phone, secondPhone, tablet }
  }

  api(method: string, path: string, body?: object): Promise<{ status: number; body: Json }> {
    return this.service.api(method, path, body)
  }

  async tokensOf({ userId }: Owner): Promise<Json[]> {
    return (await this.api('GET', `refresh-tokens?user_id=${encodeURIComponent(userId)}`)).body.refresh_tokens ?? []
  }

  /** A list waits for its read model no longer than two seconds. */
  tokenOf(owner: Owner, { sessionId }: LoggedIn): Promise<Json> {
    return eventually(async () => (await this.tokensOf(owner)).find(({ session_id }) => session_id === sessionId))
  }

  async grantsOf({ userId }: Owner): Promise<Json[]> {
    return (await this.api('GET', `grants?user_id=${encodeURIComponent(userId)}`)).body
  }

  /** What the exchange answers on the other worker. */
  async exchange(client: ClientDocument, { refreshToken }: LoggedIn): Promise<string> {
    const { status, body } = await this.other.refresh(client, refreshToken)
    return status === 200 ? 'lives' : `${status} ${body.error}: ${(body as Json).error_description}`
  }

  revoke(client: ClientDocument, { refreshToken }: LoggedIn): Promise<Answer> {
    return this.#scene.form('oauth/revoke', { ...credentialsOf(client), token: refreshToken })
  }

  async reuse(client: ClientDocument, { refreshToken }: LoggedIn): Promise<Answer> {
    await this.#scene.refresh(client, refreshToken)
    return this.#scene.refresh(client, refreshToken)
  }

  /** While the tenant's flag says that a grant ends with its token. */
  async flagged<T>(work: () => Promise<T>): Promise<T> {
    await this.service.commands.execute(new ChangeTenantSettings({ flags: { revoke_refresh_token_grant: true } }, {}))
    return work().finally(() => this.service.commands.execute(new ChangeTenantSettings({ flags: {} }, {})))
  }
}

export const pathOf = ({ userId }: Owner): string => `users/${encodeURIComponent(userId)}`
