import type { Context, Origin, PersonalData } from '../../event-store/event.js'
import type { PersonKeys } from '../../keys/person-keys.js'
import type { ActiveFamily } from './family.js'

/** Whose token it is and where the request came from, readable only as long as the person's key exists. */
export async function causedBy(keys: PersonKeys, userId: string, origin: Origin | undefined): Promise<Context> {
  return origin ? { userId, origin: await keys.seal(userId, origin) } : { userId }
}

/** Where a request of nobody known came from: under a key of the day, which ages out with the log (docs/adr/0003-main-job.md). */
export const ofVisitor = (keys: PersonKeys, origin: Origin): Promise<PersonalData> => keys.seal(`visitor-${new Date().toISOString().slice(0, 10)}`, origin)

/** Of an exchange: whose login it goes back to. `known`: the person's key is there; where nobody holds it any more, none is made for one request. */
export async function causedByExchange(
  keys: PersonKeys,
  { userId, sessionId, connection, organizationId }: Pick<ActiveFamily, 'userId' | 'sessionId' | 'connection' | 'organizationId'>,
  origin: Origin,
  known: boolean,
): Promise<Context> {
  const whose = known ? await causedBy(keys, userId, origin) : { userId, origin: await ofVisitor(keys, origin) }
  const login = {
    ...(sessionId !== null && { sessionId }),
    ...(connection !== null && { connection }),
    ...(organizationId !== undefined && { organizationId }),
  }
  return { ...whose, ...login }
}
