import { Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { eventClient, type EventOrganization, type EventSession, type EventUser, FindPlaces, type PostLoginEvent } from '../../actions/index.js'
import type { Origin } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type ActiveSession, cookieModeOf } from '../../sessions/index.js'
import { FindLoginFacts, type LoginFacts, openProfiles, type UserProfile } from '../../users/index.js'
import type { ClientDocument } from '../client/client.events.js'
import type { ResourceServerDocument } from '../resource-server/resource-server.events.js'

/** Who takes part in a login or an exchange. */
export interface PostLoginParties {
  readonly client: ClientDocument
  /** The API that is the audience, if one is. */
  readonly api: Pick<ResourceServerDocument, 'identifier'> | undefined
  readonly profile: UserProfile
  /** Times as the database or a state has them. */
  readonly createdAt: string
  readonly updatedAt: string
  readonly passwordChangedAt?: string | null | undefined
  /** The name of the connection that the person logged in through. */
  readonly connection: string
  /** The login under way is to count as one. */
  readonly loggingIn?: true
  /** What was read of it already, in the same moment as the rest. */
  readonly login?: LoginFacts | undefined
  /** `roles`: names of those that the person has in it; they take the place of the others (spec/actions.md §2.2). */
  readonly organization?: (EventOrganization & { readonly roles: readonly string[] }) | undefined
}

type Facts = Pick<PostLoginEvent, 'client' | 'connection' | 'stats' | 'user' | 'authorization' | 'resource_server' | 'organization'>

/**
 * What the event of an Action says in every flow, as it is now and opened (spec/actions.md §2). Costs a statement unless `login` is given, and the
 * opening of personal values: to be asked where AreActionsBound said yes. Errors: the database's.
 */
@Injectable()
export class PostLoginFacts {
  constructor(
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
  ) {}

  async of(parties: PostLoginParties): Promise<Facts> {
    const { client, api, profile, connection, organization, login, loggingIn = false } = parties
    const [facts, user] = await Promise.all([login ?? this.queries.execute(new FindLoginFacts(profile.user_id, connection, loggingIn)), this.#user(parties)])
    const { roles, ...organizationShown } = organization ?? { roles: facts.roles }
    return {
      client: eventClient(client),
      connection: eventConnection(facts.connection, profile, connection),
      stats: { logins_count: facts.loginsCount },
      user,
      authorization: { roles },
      ...(api && { resource_server: { identifier: api.identifier } }),
      ...(organization && { organization: organizationShown as EventOrganization }),
    }
  }

  /** `event.session`; `metadata` is there also when it is empty, as the Actions module wants it. */
  async session(sessionId: string, session: ActiveSession): Promise<EventSession> {
    const { initialOrigin, lastOrigin, metadata } = session
    const [initial, last, stored] = await this.personKeys.openPresent([initialOrigin, lastOrigin, metadata])
    return {
      id: sessionId,
      user_id: session.userId,
      created_at: session.startedAt,
      updated_at: session.updatedAt,
      authenticated_at: session.authenticatedAt,
      expires_at: session.expiresAt,
      idle_expires_at: session.idleExpiresAt,
      last_interacted_at: session.lastInteractedAt,
      clients: session.clients.map((client_id) => ({ client_id })),
      device: await this.device(initial as Origin | undefined, last as Origin | undefined),
      cookie: { mode: cookieModeOf(session) },
      metadata: (stored as EventSession['metadata'] | undefined) ?? {},
    }
  }

  /** `device` of a session or a refresh token: where it was first and last used from, as far as that is known. */
  async device(initial: Origin | undefined, last: Origin | undefined): Promise<EventSession['device']> {
    const [initialPlace, lastPlace] = await this.queries.execute(new FindPlaces([initial?.ip ?? '', last?.ip ?? '']))
    return Object.fromEntries([...deviceMembers('initial', initial, initialPlace?.asn), ...deviceMembers('last', last, lastPlace?.asn)])
  }

  async #user({ profile, createdAt, updatedAt, passwordChangedAt }: PostLoginParties): Promise<EventUser> {
    const [person] = await openProfiles(this.personKeys, [profile])
    const { blocked: _, user_metadata = {}, app_metadata = {}, email_verified = false, ...attributes } = person!
    return {
      ...attributes,
      user_id: profile.user_id,
      created_at: isoTime(createdAt),
      updated_at: isoTime(updatedAt),
      email_verified,
      identities: profile.identities.map(({ connection, provider, user_id, isSocial }) => ({ connection, provider, user_id, isSocial })),
      user_metadata,
      app_metadata,
      // Nobody can enrol any here; Actions read the list without asking whether there is one.
      enrolledFactors: [],
      ...(passwordChangedAt && { last_password_reset: isoTime(passwordChangedAt) }),
    }
  }
}

/** One that was deleted a moment ago is still known by the person's identity. */
function eventConnection(found: PostLoginEvent['connection'] | undefined, { identities }: UserProfile, name: string): PostLoginEvent['connection'] {
  if (!found) {
    const identity = identities.find(({ connection }) => connection === name) ?? identities[0]
    return { id: identity.connection_id, name, strategy: identity.provider }
  }
  const { id, strategy, metadata } = found
  return { id, name: found.name, strategy, ...(metadata && { metadata }) }
}

function deviceMembers(which: 'initial' | 'last', origin: Origin | undefined, asn: string | undefined): [string, string][] {
  const members: [string, string | undefined][] = [
    [`${which}_ip`, origin?.ip],
    [`${which}_asn`, asn],
    [`${which}_user_agent`, origin?.userAgent],
  ]
  return members.filter((member): member is [string, string] => member[1] !== undefined && member[1] !== '')
}

const isoTime = (time: string): string => new Date(time).toISOString()
