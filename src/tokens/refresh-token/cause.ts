import type { Context, Origin } from '../../event-store/event.js'
import type { PersonKeys } from '../../keys/person-keys.js'

/** Whose token it is and where the request came from, readable only as long as the person's key exists. */
export async function causedBy(keys: PersonKeys, userId: string, origin: Origin | undefined): Promise<Context> {
  return origin ? { userId, origin: await keys.seal(userId, origin) } : { userId }
}
