import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import type { Context, Origin } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { RootKeys } from '../../keys/root-key.js'
import { causedBy } from '../refresh-token/cause.js'
import { family, start } from '../refresh-token/family.js'
import type { FamilyStarted } from '../refresh-token/family.events.js'
import type { Ends, LifetimePolicy, WantedEnds } from '../refresh-token/lifetimes.js'
import { checkMetadata, type AttachedMetadata } from '../../metadata.js'
import { newFamilyId, newSalt, refreshToken } from '../refresh-token/token-value.js'

/** `at` is the database's time of it. */
export interface IssuedRefreshToken extends Ends {
  readonly familyId: string
  readonly refreshToken: string
  readonly at: Date
}

/** Starts a family for one authorization (spec/refresh-tokens.md §3). Errors: InvalidMetadataError. */
export class IssueRefreshToken extends Command<IssuedRefreshToken> {
  constructor(
    readonly grant: {
      readonly userId: string
      readonly clientId: string
      readonly sessionId: string | null
      /** When and through which connection the person logged in. */
      readonly authenticatedAt?: string
      /** How, where that was not by their password alone. */
      readonly methods?: NonNullable<FamilyStarted['methods']>
      readonly connection?: string
      readonly audience: string | null
      readonly scope: readonly string[]
      readonly rotating: boolean
      readonly metadata?: AttachedMetadata
      /** In whose name the person logged in. */
      readonly organizationId?: string
      /** When the login began that it goes back to, by the database's clock; without it, now. */
      readonly authorizedAt?: string
      /** Of the key that a public client showed a proof of (spec/refresh-tokens.md §9); without it the tokens are bound to none. */
      readonly dpopThumbprint?: string | null
      /** Earlier ends than the policy's that Actions want. */
      readonly wantedEnds?: WantedEnds
    },
    readonly policy: LifetimePolicy,
    readonly origin: Origin,
    readonly context: Context = {},
    /** Where it was promised before, to whom the family's code was redeemed. */
    readonly familyId = newFamilyId(),
  ) {
    super()
  }
}

@CommandHandler(IssueRefreshToken)
export class IssueRefreshTokenHandler implements ICommandHandler<IssueRefreshToken> {
  constructor(
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
    private readonly personKeys: PersonKeys,
  ) {}

  async execute({ grant, policy, origin, context, familyId }: IssueRefreshToken): Promise<IssuedRefreshToken> {
    const { metadata: entries = {}, authenticatedAt = null, connection = null, dpopThumbprint = null, wantedEnds, ...rest } = grant
    const terms = { ...rest, authenticatedAt, connection, dpopThumbprint, predecessor: null }
    checkMetadata(entries)
    const secret = { keyId: this.rootKeys.newestId, salt: newSalt() }
    const metadata = Object.keys(entries).length > 0 ? await this.personKeys.seal(grant.userId, entries) : null
    const inOrganization = grant.organizationId !== undefined && { organizationId: grant.organizationId }
    const session = { ...(grant.sessionId !== null && { sessionId: grant.sessionId }), ...(connection !== null && { connection }), ...inOrganization }
    const cause = { ...context, clientId: grant.clientId, ...session, ...(await causedBy(this.personKeys, grant.userId, origin)) }
    const { result } = await this.store.transact(
      family,
      familyId,
      (state, now) => {
        const { events, result } = start(state, { ...terms, ...secret, metadata }, policy, now, wantedEnds)
        return { events, result: { ...result, at: now } }
      },
      cause,
    )
    return { familyId, refreshToken: refreshToken(this.rootKeys, secret, familyId, 1), ...result }
  }
}
