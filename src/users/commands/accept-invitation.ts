import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { LookupKey } from '../../keys/lookup-key.js'
import { PersonKeys } from '../../keys/person-keys.js'
import type { InvitationDetails } from '../invitation/invitation.events.js'
import { InvitationGoneError, type InvitationRow, takeInvitation } from '../invitation/invitation-table.js'
import { InvitationRows } from '../queries/invitation-rows.js'
import { openProfiles } from '../user/attributes.js'
import type { UserLookups } from '../user/lookups.js'
import { acceptInvitation } from '../user/membership.js'
import { OrganizationGoneError, writeMembership } from '../user/membership-table.js'
import { profileChanges } from '../user/profile-changes.js'
import { changeUser, user, type UserState } from '../user/user.js'
import { updateUser } from '../user/user-table.js'

/** `gone`: accepted by somebody else, deleted, overdue, or there is no such user or organization. */
export type Acceptance = 'accepted' | 'not theirs' | 'gone' | 'too many'

/**
 * Makes the invited person a member with the roles and metadata that the invitation brings, and uses it up: both at once, so that of any number of
 * attempts one does it. Who has accepted it already is told so again, and nothing changes. Errors: the database's.
 */
export class AcceptInvitation extends Command<Acceptance> {
  constructor(
    readonly invitationId: string,
    readonly userId: string,
    readonly context: Context,
  ) {
    super()
  }
}

@CommandHandler(AcceptInvitation)
export class AcceptInvitationHandler implements ICommandHandler<AcceptInvitation> {
  constructor(
    private readonly rows: InvitationRows,
    private readonly store: EventStore,
    readonly personKeys: PersonKeys,
    readonly lookupKey: LookupKey,
  ) {}

  async execute({ invitationId: id, userId, context }: AcceptInvitation): Promise<Acceptance> {
    const row = await this.rows.find(id)
    if (!row || row.accepted_by !== null) return row?.accepted_by === userId ? 'accepted' : 'gone'
    const details = await this.personKeys.open<InvitationDetails>(row.document.details)
    // Ended since it was read, or accepted: the row says by whom.
    if (!details) return this.#afterAll(id, userId)
    try {
      return await this.#accept(row, details, userId, context)
    } catch (error) {
      if (error instanceof InvitationGoneError) return this.#afterAll(id, userId)
      if (error instanceof OrganizationGoneError) return 'gone'
      throw error
    }
  }

  async #accept({ id, document }: InvitationRow, details: InvitationDetails, userId: string, context: Context): Promise<Acceptance> {
    const { organizationId, roles } = document
    const { app_metadata, user_metadata } = details
    let lookups: UserLookups | undefined
    const { result } = await this.store.transact(
      user,
      userId,
      async (state) => {
        if (state.status === 'absent') return { events: [], result: 'gone' as const }
        if (!(await this.#isInvited(state, details))) return { events: [], result: 'not theirs' as const }
        const { events, result } = acceptInvitation(state, { invitationId: id, organizationId, roles })
        if (result !== 'changed') return { events: [], result: result === 'absent' ? ('gone' as const) : result }
        const wanted = { ...(app_metadata && { app_metadata }), ...(user_metadata && { user_metadata }) }
        const changes = await profileChanges(this, state.profile, wanted)
        lookups = changes.lookups
        return { events: [...events, ...changeUser(state, changes.sealed).events], result: 'accepted' as const }
      },
      { ...context, userId, organizationId },
      async (db, state, now) => {
        await takeInvitation(db, id, userId)
        if (lookups) await updateUser(db, userId, state, { lookups })
        await writeMembership(db, userId, organizationId, state.status === 'present' ? state : {}, now)
      },
    )
    return result
  }

  async #isInvited({ profile }: Extract<UserState, { status: 'present' }>, { email }: InvitationDetails): Promise<boolean> {
    const [person] = await openProfiles(this.personKeys, [profile], ['email'])
    return person!.email === email
  }

  /** What was lost to another attempt may have been this person's own. */
  async #afterAll(id: string, userId: string): Promise<Acceptance> {
    const row = await this.rows.find(id)
    return row?.accepted_by === userId ? 'accepted' : 'gone'
  }
}
