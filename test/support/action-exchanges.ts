import { ActionsScene } from './actions.js'
import { type Json, startApp, type TestApp } from './app.js'
import { type Answer, claimsOf, OAuthScene, ROTATING } from './oauth.js'

/** The Action does what the request tells it to, so that there is one to build. */
const TOLD = `
const AsyncFunction = (async () => {}).constructor
let runs = 0
exports.onExecutePostLogin = async (event, api) => {
  const act = event.request.body.act ?? event.request.query.act
  if (act) await new AsyncFunction('event', 'api', 'runs', act)(event, api, ++runs)
}`

/** Somebody with a refresh token, who goes on with each new one. */
export interface Holder {
  readonly client: Awaited<ReturnType<OAuthScene['client']>>
  readonly userId: string
  readonly familyId: string
  refreshToken: string
  act(act?: string, more?: Record<string, string>): Promise<Answer>
}

/** A service with an API, and a post-login Action that is told what to do; bound by whoever wants it to be. */
export class ActionExchanges {
  private constructor(
    readonly service: TestApp,
    readonly scene: OAuthScene,
    readonly actions: ActionsScene,
    readonly told: Json,
  ) {}

  /** With these settings of the service, and these further members of the Action. */
  static async start(settings: Record<string, string>, members: object = {}): Promise<ActionExchanges> {
    const service = await startApp(settings)
    const scene = new OAuthScene(service)
    const actions = new ActionsScene(service)
    await scene.api()
    return new ActionExchanges(service, scene, actions, await actions.deployed(TOLD, members))
  }

  async holder(settings: object = {}, over: object = {}): Promise<Holder> {
    const client = await this.scene.client({ refresh_token: { ...ROTATING, ...settings } })
    const userId = await this.scene.user()
    const { refreshToken, familyId } = await this.scene.refreshToken(client, userId, over)
    const { scene } = this
    const held: Holder = {
      client,
      userId,
      familyId,
      refreshToken,
      async act(act = '', more = {}) {
        const answer = await scene.refresh(client, held.refreshToken, { act, ...more })
        if (answer.body.refresh_token) held.refreshToken = answer.body.refresh_token
        return answer
      },
    }
    return held
  }

  /** What a refresh token is, by its stream's row. */
  async row(familyId: string): Promise<Json> {
    const { rows } = await this.service.pool.query<Json>('select version, state from streams where id = $1', [streamOf(familyId)])
    return rows[0]
  }

  async events(familyId: string): Promise<Json[]> {
    const query = 'select type, data, metadata from events where stream_id = $1 order by version'
    return (await this.service.pool.query<Json>(query, [streamOf(familyId)])).rows
  }

  async logs(type: string, field: string, value: string): Promise<Json[]> {
    return (await this.service.api('GET', `logs?q=${encodeURIComponent(`type:${type} AND ${field}:"${value}"`)}`)).body
  }
}

const streamOf = (familyId: string): string => `refresh_token_family-${familyId}`

export const access = ({ body }: Answer): Json => claimsOf(body.access_token)
export const identity = ({ body }: Answer): Json => claimsOf(body.id_token)
