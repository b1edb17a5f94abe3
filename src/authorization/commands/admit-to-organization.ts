import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import { Audit } from '../../audit/audit.js'
import type { Context } from '../../event-store/event.js'
import { AcceptInvitation, type Acceptance, ChangeMembership, FindOrganizationMember } from '../../users/index.js'
import { type AuthorizationErrorCode, AuthorizationRefused } from '../authorization-response.js'
import { NO_INVITATION, ORGANIZATION_REQUIRED } from '../authorize-checks.js'
import type { AuthorizeRequest } from '../authorize-request.js'

/**
 * Lets a person into the organization that the request names, if it names one: a member, one whom their connection makes a member, or who accepts the
 * invitation that they come with (spec/oauth.md §4.6). Before anything is decided in the organization's name, whether they have just logged in or come
 * with a session. Errors: AuthorizationRefused.
 */
export class AdmitToOrganization extends Command<void> {
  constructor(
    readonly request: Pick<AuthorizeRequest, 'client' | 'connections' | 'invitation' | 'organization' | 'prompt' | 'target'>,
    /** `connection`: the name of the one that they logged in through. */
    readonly person: { readonly userId: string; readonly connection: string },
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(AdmitToOrganization)
export class AdmitToOrganizationHandler implements ICommandHandler<AdmitToOrganization> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly audit: Audit,
  ) {}

  async execute({ request, person, context }: AdmitToOrganization): Promise<void> {
    const { client, organization, connections, prompt, target } = request
    if (!organization) {
      // Whatever page they came from: by now one was named or picked.
      if (client['organization_usage'] !== 'require') return
      throw new AuthorizationRefused(target, 'invalid_request', ORGANIZATION_REQUIRED, prompt.has('none'))
    }
    const { userId, connection } = person
    const { id } = organization.document
    const cause = { ...context, userId, clientId: client.client_id, connection, organizationId: id }
    await this.#accept(request, userId, cause)
    if (await this.queries.execute(new FindOrganizationMember(id, userId))) return
    const connectionId = connections.find(({ name }) => name === connection)?.id
    const makesMembers = organization.connections.some((one) => one.connection_id === connectionId && one.assign_membership_on_login)
    if (makesMembers && (await this.commands.execute(new ChangeMembership(userId, id, { add: 'auto_membership' }, cause))) === 'changed') return
    throw new AuthorizationRefused(target, 'access_denied', `user ${userId} is not part of the ${id} organization`, prompt.has('none'))
  }

  /** Nothing of a session begins for who is not the invited person, and the invitation stays for whoever is. */
  async #accept({ invitation, prompt, target }: AdmitToOrganization['request'], userId: string, cause: Context): Promise<void> {
    if (!invitation) return
    const { id: invitationId, organizationId } = invitation
    const outcome = await this.commands.execute(new AcceptInvitation(invitationId, userId, cause))
    if (outcome === 'accepted') return
    const [code, description] = REFUSALS[outcome]
    if (outcome === 'not theirs') await this.audit.record({ type: 'InvitationRefused', data: { invitationId, organizationId, description } }, cause)
    throw new AuthorizationRefused(target, code, description, prompt.has('none'))
  }
}

/** The texts are Auth0's; SDKs' users match them. */
const REFUSALS: Readonly<Record<Exclude<Acceptance, 'accepted'>, readonly [AuthorizationErrorCode, string]>> = {
  gone: ['invalid_request', NO_INVITATION],
  'not theirs': ['access_denied', 'the specified account is not allowed to accept the current invitation'],
  'too many': ['access_denied', 'the specified account has too many organizations or roles to accept the current invitation'],
}
