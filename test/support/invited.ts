import { randomUUID } from 'node:crypto'
import type { ClientDocument } from '../../src/authorization/index.js'
import { type Json, startApp, type TestApp } from './app.js'
import { eventually } from './eventually.js'
import { PKCE, redeemCode } from './logins.js'
import { claimsOf } from './oauth.js'
import { aClient, authorizeUrl, DIRECTORY, PASSWORD } from './people.js'
import { recorded } from './recorded.js'
import { answerOf, type Page, Visitor } from './visitor.js'

/** What the application is answered for an invitation that is none. */
export const GONE = { error: 'invalid_request', error_description: 'invitation not found or already used', state: 'some state' }

/** A service with an application that people enter by an organization, through the default directory. */
export interface InvitationStage {
  readonly service: TestApp
  readonly client: ClientDocument
  readonly directory: string
}

export async function invitationStage(): Promise<InvitationStage> {
  const service = await startApp()
  const client = await aClient(service, { organization_usage: 'require', initiate_login_uri: 'https://app.example/login' })
  const directory = (await service.api('GET', `connections?name=${DIRECTORY}`)).body[0].id
  await service.api('PATCH', `connections/${directory}/clients`, [{ client_id: client.client_id, status: true }])
  return { service, client, directory }
}

export interface Invited {
  readonly id: string
  readonly organization: string
  readonly email: string
  /** What the application makes of the link. */
  readonly asked: Readonly<Record<string, string>>
}

/** How people are invited and follow their links, and what there is of it afterwards, on a stage that is there once a file's tests begin. */
export function invitationsOn(stage: () => InvitationStage) {
  const api = (method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> => stage().service.api(method, path, body)
  const visitor = (): Visitor => new Visitor(stage().service.url)
  const organizationOf = async (connection: object = {}): Promise<string> =>
    (await api('POST', 'organizations', { name: randomUUID(), enabled_connections: [{ connection_id: stage().directory, ...connection }] })).body.id

  /** Somebody invited by the operator; the application passes on what stands in the link. */
  async function invite(email = `${randomUUID()}@example.com`, more: object = {}, organization?: string): Promise<Invited> {
    const of = organization ?? (await organizationOf())
    const body = { inviter: { name: 'Ada' }, invitee: { email }, client_id: stage().client.client_id, ...more }
    const made = (await api('POST', `organizations/${of}/invitations`, body)).body
    const { searchParams } = new URL(made.invitation_url)
    const asked = { invitation: searchParams.get('invitation')!, organization: searchParams.get('organization')! }
    return { id: made.id, organization: of, email, asked }
  }
  const ask = (parameters: Readonly<Record<string, string>>, of = stage().client): string => authorizeUrl(of, { ...PKCE, ...parameters })
  const follow = ({ asked }: Invited, who = visitor(), more: Record<string, string> = {}): Promise<Page> => who.get(ask({ ...asked, ...more }))

  /** As whoever is invited does it, on the page that comes. */
  async function accept(invited: Invited, who = visitor(), email = invited.email): Promise<Page> {
    const page = await follow(invited, who)
    return who.submit(page, { [isSignUp(page) ? 'email' : 'username']: email, password: PASSWORD, action: 'default' })
  }
  const organizationIn = async (page: Page): Promise<unknown> =>
    (claimsOf((await redeemCode(stage().service, stage().client, answerOf(page)['code']!)).body.id_token) as Json).org_id
  const membersOf = async ({ organization }: Invited): Promise<string[]> =>
    (await api('GET', `organizations/${organization}/members`)).body.map(({ user_id }: Json) => user_id)
  const openOnes = async ({ organization }: Invited): Promise<string[]> =>
    (await api('GET', `organizations/${organization}/invitations`)).body.map(({ id }: Json) => id)
  const events = async (type: string, { organization }: Invited): Promise<Json[]> =>
    (await recorded(stage().service, type)).filter(({ metadata }) => metadata['organizationId'] === organization)
  const logs = (type: string, { organization }: Invited): Promise<Json[]> =>
    eventually(async () => {
      const { body } = await api('GET', `logs?q=type:${type}%20AND%20organization_id:${organization}`)
      return body.length > 0 && body
    })
  return { api, organizationOf, invite, ask, follow, accept, organizationIn, membersOf, openOnes, events, logs }
}

export const isSignUp = ({ html }: Page): boolean => html.includes('autocomplete="new-password"')
export const showsAddress = ({ html }: Page, email: string): boolean => html.includes(`value="${email}"`)
