import { isDeepStrictEqual } from 'node:util'

/** What became of each member that changed. A side that is missing says that the member was not there. */
export type Difference<T extends object> = { readonly [K in keyof T]?: { readonly from?: T[K]; readonly to?: T[K] } }

/** Members to set; undefined takes one away. What is not named stays. */
export type Changes<T extends object> = { readonly [K in keyof T]?: T[K] | undefined }

/** What `changes` would alter, member by member; undefined when that is nothing. */
export function difference<T extends object>(before: T, changes: Changes<T>): Difference<T> | undefined {
  const changed = (Object.keys(changes) as (keyof T)[]).filter((member) => !isDeepStrictEqual(before[member], changes[member]))
  if (changed.length === 0) return undefined
  return Object.fromEntries(changed.map((member) => [member, { ...side('from', before[member]), ...side('to', changes[member]) }])) as Difference<T>
}

/** The document after the difference. */
export function applyDifference<T extends object>(before: T, changed: Difference<T>): T {
  const after = { ...before }
  for (const member of Object.keys(changed) as (keyof T)[]) {
    const to = changed[member]?.to
    if (to === undefined) delete after[member]
    else after[member] = to
  }
  return after
}

const side = (name: string, value: unknown): object => (value === undefined ? {} : { [name]: value })
