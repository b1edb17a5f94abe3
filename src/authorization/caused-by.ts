import type { Context, Origin, PersonalData } from '../event-store/event.js'
import type { PersonKeys } from '../keys/person-keys.js'
import { visitorsOf } from '../keys/visitor.js'
import type { AuthorizeRequest } from './authorize-request.js'

/** A request as events remember it. */
export interface Caller {
  readonly origin: Origin
  readonly context: Context
}

/** A browser's request: what of it a login needs, and Actions are told. */
export interface Visit extends Caller {
  readonly method: string
  readonly acceptLanguage: string | undefined
  readonly cookieHeader: string | undefined
}

/**
 * The context of an event: where the request came from is readable only as long as the person's key exists, or the key of the day's visitors.
 * `current` asks the table for the key, whoever's it is.
 */
export async function causedBy(keys: PersonKeys, { origin, context }: Caller, userId?: string, { current = false } = {}): Promise<Context> {
  const sealed = await (userId === undefined ? ofVisitor(keys, origin, { current }) : keys.seal(userId, origin, { current }))
  return { ...context, ...(userId !== undefined && { userId }), origin: sealed }
}

/** In whose name somebody logs in. */
export const inNameOf = ({ organization }: Pick<AuthorizeRequest, 'organization'>): Context =>
  organization ? { organizationId: organization.document.id } : {}

/** A value of somebody who is nobody here (yet): under the key of the day's visitors, which ages out with the log. */
export const ofVisitor = (keys: PersonKeys, value: unknown, { current = false } = {}): Promise<PersonalData> => keys.seal(visitorsOf(), value, { current })
