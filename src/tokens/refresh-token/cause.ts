import type { Context, Origin, PersonalData } from '../../event-store/event.js'
import type { PersonKeys } from '../../keys/person-keys.js'
import { visitorsOf } from '../../keys/visitor.js'
import type { ActiveFamily, Family } from './family.js'

/** Whose token it is and where the request came from, readable only as long as the person's key exists. */
export async function causedBy(keys: PersonKeys, userId: string, origin: Origin | undefined): Promise<Context> {
  return origin ? { userId, origin: await keys.sealIfKnown(userId, origin) } : { userId }
}

/** Where a request of nobody known came from: under a key of the day, which ages out with the log (docs/adr/0003-main-job.md). */
export const ofVisitor = (keys: PersonKeys, origin: Origin): Promise<PersonalData> => keys.seal(visitorsOf(), origin)

/** Which login a family goes back to. */
export const ofLogin = ({
  sessionId,
  connection,
  organizationId,
}: Pick<ActiveFamily, 'sessionId' | 'connection' | 'organizationId'>): Pick<Context, 'sessionId' | 'connection' | 'organizationId'> => ({
  ...(sessionId !== null && { sessionId }),
  ...(connection !== null && { connection }),
  ...(organizationId !== undefined && { organizationId }),
})

/** Of a revocation: whose token it was, for which API, and which login it goes back to. What is not active any more keeps only whose it was. */
export async function causedByRevocation(keys: PersonKeys, state: Family, origin: Origin | undefined): Promise<Context> {
  if (!('userId' in state)) return {}
  const whose = await causedBy(keys, state.userId, origin)
  return state.status === 'active' ? { ...whose, ...ofLogin(state), ...(state.audience !== null && { audience: state.audience }) } : whose
}

/** Of an exchange: whose login it goes back to. `known`: the person's key is there; where nobody holds it any more, none is made for one request. */
export async function causedByExchange(
  keys: PersonKeys,
  family: Pick<ActiveFamily, 'userId' | 'sessionId' | 'connection' | 'organizationId'>,
  origin: Origin,
  known: boolean,
): Promise<Context> {
  const { userId } = family
  const whose = known ? await causedBy(keys, userId, origin) : { userId, origin: await ofVisitor(keys, origin) }
  return { ...whose, ...ofLogin(family) }
}
