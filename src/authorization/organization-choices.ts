import { Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { FindOrganizationsOfLogin, type OrganizationDocument } from '../users/index.js'
import { findOrganization } from './asked-organization.js'
import { AuthorizationRefused } from './authorization-response.js'
import { type AuthorizeRequest, AuthorizeRequests } from './authorize-request.js'
import { settingsIn } from './sign-up-open.js'

type OrganizationChoice =
  | { readonly kind: 'settled'; readonly request: AuthorizeRequest }
  | { readonly kind: 'organization choice needed'; readonly organizations: readonly OrganizationDocument[] }

/** Auth0's text. */
const NO_ORGANIZATION = 'client requires organization membership, but user does not belong to any organization'

/**
 * In whose name a person goes on, where the application has left that to them. What they choose becomes a parameter of the request, so that
 * every later step checks it as if the application had sent it.
 */
@Injectable()
export class OrganizationChoices {
  constructor(
    private readonly queries: QueryBus,
    private readonly requests: AuthorizeRequests,
  ) {}

  /**
   * For somebody who has shown who they are: the only organization of theirs is taken without asking, unless they may go on without one.
   * Errors: AuthorizationRefused where they need one and have none.
   */
  async of(request: AuthorizeRequest, person: { readonly userId: string; readonly connection: string }): Promise<OrganizationChoice> {
    if (request.organizationPrompt !== 'after login') return { kind: 'settled', request }
    const connection = request.connections.find(({ name }) => name === person.connection)
    const organizations = connection ? await this.queries.execute(new FindOrganizationsOfLogin(person.userId, connection.id)) : []
    const [only] = organizations
    if (!only) {
      if (!needsOrganization(request)) return { kind: 'settled', request }
      throw new AuthorizationRefused(request.target, 'access_denied', NO_ORGANIZATION, request.prompt.has('none'))
    }
    if (organizations.length > 1 || !needsOrganization(request)) return { kind: 'organization choice needed', organizations }
    return { kind: 'settled', request: await this.#in(request, only.id) }
  }

  /**
   * The request in the name of an organization, by id or name. Undefined where there is none, and just so where nobody can log in to it from here: the
   * page must not tell one from the other. Errors: AuthorizationRefused.
   */
  named(request: AuthorizeRequest, idOrName: string): Promise<AuthorizeRequest | undefined> {
    return this.#found(request, idOrName, true)
  }

  /** As `named`, but by an id alone, which the page has offered: a name can be guessed, and an organization may make members of all who log in to it. */
  picked(request: AuthorizeRequest, id: string): Promise<AuthorizeRequest | undefined> {
    return this.#found(request, id, false)
  }

  async #found(request: AuthorizeRequest, asked: string, namesCount: boolean): Promise<AuthorizeRequest | undefined> {
    const organization = await findOrganization(this.queries, asked, namesCount)
    const connections = request.parameters['connection'] === undefined ? request.connections : [request.connection]
    if (!organization || !connections.some(({ id }) => settingsIn(organization, id))) return undefined
    return this.#in(request, organization.document.id)
  }

  /** The request in the name of the person alone; not for applications that need an organization. */
  declined(request: AuthorizeRequest): Promise<AuthorizeRequest> {
    return this.requests.read({ parameters: request.parameters, repeated: [] }, { startedAt: request.startedAt, organizationDeclined: true })
  }

  #in(request: AuthorizeRequest, organization: string): Promise<AuthorizeRequest> {
    return this.requests.read({ parameters: { ...request.parameters, organization }, repeated: [] }, request)
  }
}

/** Whether nobody goes on in their own name alone. */
export const needsOrganization = ({ client }: AuthorizeRequest): boolean => client['organization_usage'] === 'require'
