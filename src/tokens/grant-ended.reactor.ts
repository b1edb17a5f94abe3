import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { type ConsentEvent, consentUpcasters } from '../authorization/index.js'
import { idIn, type SealedEvent, type Upcasters } from '../event-store/event.js'
import type { Reactor } from '../event-store/projection.js'
import { type SessionEvent, sessionUpcasters, WithdrawOnlineAccess } from '../sessions/index.js'
import { EndGrantOfFamily } from './commands/end-grant-of-family.js'
import { EndGrantOfOnlineToken } from './commands/end-grant-of-online-token.js'
import { RevokeRefreshTokens } from './commands/revoke-refresh-tokens.js'
import { type FamilyEvent, familyUpcasters } from './refresh-token/family.events.js'

type Ended =
  Extract<ConsentEvent, { type: 'ConsentWithdrawn' }> | Extract<FamilyEvent, { type: 'FamilyRevoked' }> | Extract<SessionEvent, { type: 'SessionEnded' }>

const UPCASTERS: Upcasters<Ended> = {
  ConsentWithdrawn: consentUpcasters.ConsentWithdrawn,
  FamilyRevoked: familyUpcasters.FamilyRevoked,
  SessionEnded: sessionUpcasters.SessionEnded,
}
/** Ends the rest of a grant where the process that began it did not finish; mostly nothing is left to do. Deleted users and clients have reactors of their own. */
@Injectable()
export class GrantEndedReactor implements Reactor<Ended> {
  readonly name = 'grant_ended'
  readonly upcasters = UPCASTERS

  constructor(private readonly commands: CommandBus) {}

  async react(event: SealedEvent<Ended>): Promise<void> {
    const { metadata } = event
    const { at, actor, clientId: byClient, audience: ofToken = null } = metadata
    const by = actor === undefined ? {} : { actor }
    if (event.type === 'FamilyRevoked') {
      const { reason } = event.data
      if (reason !== 'client' && reason !== 'reuse') return
      await this.commands.execute(new EndGrantOfFamily(idIn(event.streamId), by, at))
      return
    }
    if (event.type === 'SessionEnded') {
      const { reason, userId, revokedOnline } = event.data
      // An Action may end the session with the token, too, but only the client's own revocation ends the grant (§10).
      if (reason !== 'revoked' || revokedOnline === undefined || byClient === undefined) return
      await this.commands.execute(new EndGrantOfOnlineToken({ userId, clientId: byClient, audience: ofToken }, by, at))
      return
    }
    const { reason, userId, clientId, audience } = event.data
    if (reason === 'user-deleted' || reason === 'client-deleted') return
    const selection = reason === 'all-deleted' ? { userId } : { userId, clientId, audience }
    await this.commands.execute(new RevokeRefreshTokens(selection, 'grant-deleted', by, at))
    const access = { until: at, ...(reason !== 'all-deleted' && { clientId, audience }) }
    await this.commands.execute(new WithdrawOnlineAccess({ userId }, access, 'grant-deleted', by))
  }
}
