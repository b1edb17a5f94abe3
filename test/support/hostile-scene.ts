import { jest } from '@jest/globals'
import { Logger } from '@nestjs/common'
import { register } from 'prom-client'
import type { ClientDocument } from '../../src/authorization/index.js'
import { startApp, type TestApp } from './app.js'
import { eventually } from './eventually.js'
import type { Answered, Sent } from './hostile.js'
import { Attacks } from './hostile-attacks.js'
import { AUDIENCE, CALLBACK, OAuthScene, ROTATING } from './oauth.js'
import { hiddenFields, Visitor } from './visitor.js'

export const PASSWORD = 'Correct-Horse-1'

/** Where every fault that no caller is told of is written. */
const faults = jest.spyOn(Logger.prototype, 'error')

/** What hostile requests are sent to: the service with a client, a person, her refresh token and a login page of one browser. */
export class HostileScene {
  readonly #attacks: Attacks

  private constructor(
    readonly service: TestApp,
    readonly scene: OAuthScene,
    readonly client: ClientDocument,
    readonly userId: string,
    readonly refreshToken: string,
    readonly token: string,
    readonly page: { readonly cookie: string; readonly fields: Record<string, string> },
  ) {
    this.#attacks = new Attacks(() => ({ service, token }))
  }

  static async start(): Promise<HostileScene> {
    const service = await startApp()
    const scene = new OAuthScene(service)
    await scene.api()
    const client = await scene.client({ refresh_token: ROTATING })
    await scene.grant(client.client_id, ['read:orders'])
    const userId = await scene.user({ email: 'ada@example.com', password: PASSWORD })
    const { refreshToken } = await scene.refreshToken(client, userId)
    const visitor = new Visitor(service.url)
    const shown = await visitor.get(authorizePath(client))
    const page = { cookie: [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; '), fields: hiddenFields(shown) }
    return new HostileScene(service, scene, client, userId, refreshToken, await service.managementToken(), page)
  }

  authorizePath(over: Record<string, string> = {}): string {
    return authorizePath(this.client, over)
  }

  bearer(text = this.token): Record<string, string> {
    return { authorization: `Bearer ${text}` }
  }

  expectClean(all: readonly Sent[], statuses?: readonly number[]): Promise<Answered[]> {
    return this.#attacks.expectClean(all, statuses)
  }

  /** `kinds`: of method, route and status there were more than these. */
  async expectUnharmed(kinds = 0): Promise<void> {
    const { service, scene, client } = this
    expect(faults.mock.calls).toEqual([])
    const metrics = await register.getMetricsAsJSON()
    const durations = metrics.find(({ name }) => name === 'http_request_duration_seconds') as { values: { labels: { status?: number | string } }[] } | undefined
    expect(durations!.values.length).toBeGreaterThan(kinds)
    expect([...new Set(durations!.values.map(({ labels }) => String(labels.status)).filter((status) => status.startsWith('5')))]).toEqual([])
    const visitor = new Visitor(service.url)
    const form = await visitor.get(this.authorizePath({ scope: 'openid offline_access', audience: AUDIENCE }))
    const answer = await visitor.submit(form, { username: 'ada@example.com', password: PASSWORD })
    const code = answer.location!.searchParams.get('code')!
    const tokens = await scene.token(client, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
    expect(tokens.status).toBe(200)
    const { refresh_token } = tokens.body as { refresh_token: string }
    expect((await scene.refresh(client, refresh_token)).status).toBe(200)
    expect((await scene.refresh(client, this.refreshToken)).status).toBe(200)
    expect((await service.api('GET', `users/${encodeURIComponent(this.userId)}`)).status).toBe(200)
    await eventually(async () => ((await service.api('GET', 'logs')).body as { type: string }[]).some(({ type }) => type === 'sertft'))
    expect({}).not.toHaveProperty('x')
  }
}

const authorizePath = (client: ClientDocument, over: Record<string, string> = {}): string =>
  `/authorize?${new URLSearchParams({ response_type: 'code', client_id: client.client_id, redirect_uri: CALLBACK, scope: 'openid', state: 's', ...over }).toString()}`
