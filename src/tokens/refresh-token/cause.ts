import type { Context, Origin, PersonalData } from '../../event-store/event.js'
import type { PersonKeys } from '../../keys/person-keys.js'

/** Whose token it is and where the request came from, readable only as long as the person's key exists. */
export async function causedBy(keys: PersonKeys, userId: string, origin: Origin | undefined): Promise<Context> {
  return origin ? { userId, origin: await keys.seal(userId, origin) } : { userId }
}

/** Where a request of nobody known came from: under a key of the day, which ages out with the log (docs/adr/0003-main-job.md). */
export const ofVisitor = (keys: PersonKeys, origin: Origin): Promise<PersonalData> => keys.seal(`visitor-${new Date().toISOString().slice(0, 10)}`, origin)
