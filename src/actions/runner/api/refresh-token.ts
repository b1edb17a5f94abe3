import { expiryProblem } from '../../rules/expiry.js'
import { changedMetadata, type Metadata, type MetadataOperation, metadataOperation } from '../../rules/metadata.js'
import type { Build } from './build.js'
import { give, refuse, textProblems } from './give.js'

const MAX_REASON = 1024
const FAILED = 'Failed to set refresh token metadata: '

/** `api.refreshToken` (spec/actions.md §3.5): also before there is a refresh token, for the one that will be. */
export function refreshTokenApi(build: Build): object {
  const token = build.event.refresh_token
  let metadata: Metadata = build.context.refreshTokenMetadata
  const notOnline = (method: string): void => {
    if (token?.access === 'online') throw new Error(`Cannot call ${method} on an online refresh token.`)
  }
  const change = (operation: MetadataOperation): void => {
    metadata = changedMetadata(metadata, operation)
    if (token) token.metadata = { ...metadata }
    give(build, { type: 'refreshToken.metadata', operation })
  }
  const expire = (method: string, member: 'absolute' | 'idle') => (ms: unknown) => {
    notOnline(method)
    const problem = expiryProblem(ms, member === 'idle' ? 'inactivity' : 'absolute')
    if (problem !== undefined) throw new Error(problem)
    give(build, { type: 'refreshToken.expiry', [member]: ms as number })
  }
  return {
    setMetadata: (key: unknown, value: unknown) => {
      try {
        notOnline('setMetadata')
        change(invalid(() => metadataOperation(key, value), metadata))
      } catch (error) {
        throw new Error(FAILED + (error as Error).message, { cause: error })
      }
    },
    deleteMetadata: (key: unknown) => {
      notOnline('deleteMetadata')
      change({ op: 'delete', key: String(key) })
    },
    evictMetadata: () => {
      notOnline('evictMetadata')
      change({ op: 'evict' })
    },
    setExpiresAt: expire('setExpiresAt', 'absolute'),
    setIdleExpiresAt: expire('setIdleExpiresAt', 'idle'),
    revoke: (reason: unknown) => {
      refuse({ message: textProblems(reason, MAX_REASON) })
      give(build, { type: 'refreshToken.revoke', reason: reason as string })
    },
  }
}

/** The operation, once it is seen to leave good metadata. Errors: Error, with the words that Auth0 puts before what is wrong. */
export function invalid(operation: () => MetadataOperation, metadata: Metadata): MetadataOperation {
  try {
    const asked = operation()
    changedMetadata(metadata, asked)
    return asked
  } catch (error) {
    throw new Error(`Invalid metadata: ${(error as Error).message}`, { cause: error })
  }
}
