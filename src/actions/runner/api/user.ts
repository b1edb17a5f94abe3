import type { UserMetadataKind } from '../../rules/commands.js'
import type { Build } from './build.js'
import { give, snapshot } from './give.js'

/** The full stop is missing in one of the two texts of the hosted runtime. */
const UNEXPECTED = {
  user_metadata: 'Unexpected user_metadata format. Must be a valid JSON object.',
  app_metadata: 'Unexpected app_metadata format. Must be a valid JSON object',
} as const

export function userApi(build: Build, api: object): object {
  const set = (kind: UserMetadataKind) => (key: unknown, value: unknown) => {
    if (!isPlain(build.event.user?.[kind] ?? {})) throw new Error(UNEXPECTED[kind])
    const name = String(key)
    if (value === undefined) give(build, { type: 'user.metadata', kind, key: name })
    else give(build, { type: 'user.metadata', kind, key: name, value: snapshot(value, UNEXPECTED[kind]) })
    return api
  }
  return { setUserMetadata: set('user_metadata'), setAppMetadata: set('app_metadata') }
}

const isPlain = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
