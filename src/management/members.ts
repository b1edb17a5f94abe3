/** Null takes a member away. */
export const withoutNulls = (members: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== null))

/** What is undefined must not hide what it is laid over. */
export const withoutUndefined = <T extends object>(members: T): T => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T
