import type { ClientDocument } from '../../src/authorization/index.js'
import { type Json, startApp, type TestApp } from './app.js'
import { PKCE, redeemCode } from './logins.js'
import { type Answer, claimsOf, OAuthScene, ROTATING } from './oauth.js'
import { aClient, anApi, type aPerson, authorizeUrl, DIRECTORY, PASSWORD } from './people.js'
import { answerOf, type Page, Visitor } from './visitor.js'

type Person = Awaited<ReturnType<typeof aPerson>>

/** A service with an application that may name organizations, an API and the default directory. */
export interface OrganizationStage {
  readonly service: TestApp
  readonly scene: OAuthScene
  readonly client: ClientDocument
  readonly audience: string
  readonly directory: string
}

export async function organizationStage(): Promise<OrganizationStage> {
  const service = await startApp()
  const audience = await anApi(service)
  const client = await aClient(service, { organization_usage: 'allow', refresh_token: ROTATING })
  const directory = (await service.api('GET', `connections?name=${DIRECTORY}`)).body[0].id
  return { service, scene: new OAuthScene(service), client, audience, directory }
}

/** Organizations, who belongs to them, and how people log in to them, on a stage that is there once a file's tests begin. */
export function organizationLogins(stage: () => OrganizationStage) {
  let made = 0
  const api = (method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> => stage().service.api(method, path, body)

  /** An organization of which these are members; its connection is the default directory. */
  async function organizationOf(members: readonly Person[] = [], connection: object = {}, more: object = {}): Promise<{ id: string; name: string }> {
    const name = `org-${++made}`
    const enabled_connections = [{ connection_id: stage().directory, ...connection }]
    const { body } = await api('POST', 'organizations', { name, enabled_connections, ...more })
    if (members.length > 0) await api('POST', `organizations/${body.id}/members`, { members: members.map(({ userId }) => userId) })
    return { id: body.id, name }
  }
  const leave = (id: string, { userId }: Person): Promise<unknown> => api('DELETE', `organizations/${id}/members`, { members: [userId] })
  const join = (id: string, { userId }: Person): Promise<unknown> => api('POST', `organizations/${id}/members`, { members: [userId] })
  const naming = (on: boolean): Promise<unknown> => api('PATCH', 'tenants/settings', { allow_organization_name_in_authentication_api: on })

  const ask = (organization: string | undefined, more: Record<string, string> = {}, of = stage().client): string =>
    authorizeUrl(of, { ...WANTED, audience: stage().audience, ...(organization !== undefined && { organization }), ...more })

  /** The answer of a login on the form, or at once where a session is good for it. */
  async function login(
    organization: string | undefined,
    { email }: Person,
    who = new Visitor(stage().service.url),
    more: Record<string, string> = {},
  ): Promise<Page> {
    const page = await who.get(ask(organization, more))
    return page.location ? page : who.submit(page, { username: email, password: PASSWORD, action: 'default' })
  }
  const tokens = async (page: Page, of = stage().client): Promise<Answer> => redeemCode(stage().service, of, answerOf(page)['code']!)
  return { api, organizationOf, leave, join, naming, ask, login, tokens }
}

const WANTED = { scope: 'openid offline_access read:plants', ...PKCE }
export const claims = (jwt: string): Json => claimsOf(jwt)
export const notPartOf = ({ userId }: Person, id: string): string => `user ${userId} is not part of the ${id} organization`
