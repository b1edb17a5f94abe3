import { expiryProblem } from '../../rules/expiry.js'
import { changedMetadata, type Metadata, type MetadataOperation, metadataOperation } from '../../rules/metadata.js'
import type { Build } from './build.js'
import { asText, give, refuse, textProblems } from './give.js'
import { invalid } from './refresh-token.js'

const MAX_REASON = 1024
const FAILED = 'Failed to set session metadata: '
const MODES = ['persistent', 'non-persistent'] as const

/** `api.session` (spec/actions.md §3.6). Where there is no session, only setting metadata fails. */
export function sessionApi(build: Build): object {
  const { session } = build.event
  let metadata: Metadata = (session?.metadata as Metadata | undefined) ?? {}
  const change = (operation: MetadataOperation): void => {
    if (!session) return
    metadata = changedMetadata(metadata, operation)
    session.metadata = { ...metadata }
    give(build, { type: 'session.metadata', operation })
  }
  const expire = (member: 'absolute' | 'idle') => (ms: unknown) => {
    const problem = expiryProblem(ms, member === 'idle' ? 'inactivity' : 'absolute')
    if (problem !== undefined) throw new Error(problem)
    give(build, { type: 'session.expiry', [member]: ms as number })
  }
  return {
    setMetadata: (key: unknown, value: unknown) => {
      try {
        if (!session) throw new Error('Cannot set metadata on a session that does not exist.')
        change(invalid(() => metadataOperation(key, value), metadata))
      } catch (error) {
        throw new Error(FAILED + (error as Error).message, { cause: error })
      }
    },
    deleteMetadata: (key: unknown) => change({ op: 'delete', key: String(key) }),
    evictMetadata: () => change({ op: 'evict' }),
    setExpiresAt: expire('absolute'),
    setIdleExpiresAt: expire('idle'),
    revoke: (reason: unknown, options: unknown = {}) => {
      const given = typeof options === 'object' && options !== null ? (options as Record<string, unknown>) : {}
      const { preserveRefreshTokens = false, ...unknown } = given
      refuse({
        message: textProblems(reason, MAX_REASON),
        options: [Object.keys(unknown).length > 0 && 'must NOT have additional properties'],
        preserveRefreshTokens: [typeof preserveRefreshTokens !== 'boolean' && 'must be boolean'],
      })
      give(build, { type: 'session.revoke', reason: reason as string, preserveRefreshTokens: preserveRefreshTokens as boolean })
    },
    setCookieMode: (mode: unknown) => {
      if (!mode) throw new Error('Cookie mode must be provided')
      const known = MODES.find((name) => name === mode)
      if (!known) throw new Error(`Invalid cookie mode: ${asText(mode)}. Valid values are 'persistent' and 'non-persistent'.`)
      if (!session) return
      session.cookie = { ...session.cookie, mode: known }
      give(build, { type: 'session.cookieMode', mode: known })
    },
  }
}
