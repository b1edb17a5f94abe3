import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { ChangeMembership, FindOrganizationMember } from '../../users/index.js'
import { AuthorizationRefused } from '../authorization-response.js'
import type { AuthorizeRequest } from '../authorize-request.js'

/**
 * Lets a person into the organization that the request names, if it names one: a member, or one whom their connection makes a member (spec/oauth.md
 * §4.6). Before anything is decided in the organization's name, whether they have just logged in or come with a session. Errors: AuthorizationRefused.
 */
export class AdmitToOrganization extends Command<void> {
  constructor(
    readonly request: Pick<AuthorizeRequest, 'client' | 'connections' | 'organization' | 'prompt' | 'target'>,
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
  ) {}

  async execute({ request, person, context }: AdmitToOrganization): Promise<void> {
    const { client, organization, connections, prompt, target } = request
    if (!organization) return
    const { userId, connection } = person
    const { id } = organization.document
    if (await this.queries.execute(new FindOrganizationMember(id, userId))) return
    const connectionId = connections.find(({ name }) => name === connection)?.id
    const makesMembers = organization.connections.some((one) => one.connection_id === connectionId && one.assign_membership_on_login)
    const cause = { ...context, userId, clientId: client.client_id, connection }
    if (makesMembers && (await this.commands.execute(new ChangeMembership(userId, id, { add: 'auto_membership' }, cause))) === 'changed') return
    throw new AuthorizationRefused(target, 'access_denied', `user ${userId} is not part of the ${id} organization`, prompt.has('none'))
  }
}
