import type { Changes } from '../../event-store/difference.js'
import type { LookupKey } from '../../keys/lookup-key.js'
import type { PersonKeys } from '../../keys/person-keys.js'
import { type Attributes, normalized, openProfiles, PERSONAL, sealAttributes } from './attributes.js'
import { changedAttributes, type UserChanges } from './changes.js'
import { lookupsOf, type UserLookups } from './lookups.js'
import type { UserProfile } from './user.events.js'

/**
 * What wanted attributes come to for somebody's profile: the members that change, sealed, and what they are found by after that, where it changes.
 * Errors: the database's.
 */
export async function profileChanges(
  { personKeys, lookupKey }: { readonly personKeys: PersonKeys; readonly lookupKey: LookupKey },
  profile: UserProfile,
  wanted: UserChanges,
): Promise<{ readonly sealed: Changes<Omit<UserProfile, 'user_id'>>; readonly lookups: UserLookups | undefined }> {
  const [before] = await openProfiles(personKeys, [profile])
  const { changed, after } = changedAttributes(before!, normalized(wanted))
  const set = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined)) as Attributes
  const sealed = { ...changed, ...(await sealAttributes(personKeys, profile.user_id, set, { current: true })) } as Changes<Omit<UserProfile, 'user_id'>>
  return { sealed, lookups: PERSONAL.some((member) => member in changed) ? await lookupsOf(lookupKey, after) : undefined }
}
