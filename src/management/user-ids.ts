import { redact, withoutPersons } from '../redact.js'

/** A user's id is a provider's name, a bar and whatever the provider knows them by: an address too. */
export const isUserId = (text: string): boolean => /^[\w-]{1,64}(\||%7C)/i.test(text)

/** A path, or the value of a parameter, for the log: ids of users stand in it as in every event about them, and a bare address does not. */
export const withUserIds = (path: string): string =>
  redact(path.replace(/[^/]+/g, (segment) => (isUserId(segment) ? segment : withoutPersons(segment)))).slice(0, 1000)
