import type { Build } from './build.js'
import { cacheApi } from './cache.js'
import { asText, give } from './give.js'
import { setCustomClaim } from './tokens.js'

const DENY_CODES = ['invalid_scope', 'invalid_request', 'server_error']

/** `api` in credentials-exchange Actions (spec/actions.md §5). */
export function credentialsExchangeApi(build: Build): object {
  const api: Record<string, object> = {}
  const scopes = (change: 'add' | 'remove' | 'set' | 'clear') => (given?: unknown) => {
    const list = change === 'clear' ? [] : Array.isArray(given) ? given : [given]
    if (!list.every((scope) => typeof scope === 'string')) throw new TypeError('The value for the scope must be a string.')
    give(build, { type: 'targetScope', change, scopes: list })
    return api
  }
  return Object.assign(api, {
    access: {
      deny: (code: unknown, reason: unknown) => {
        const known = DENY_CODES.includes(code as string) ? (code as string) : undefined
        if (known === undefined) throw new Error(`The deny code must be one of ${DENY_CODES.join(', ')}.`)
        give(build, { type: 'access.deny', code: known, reason: reason === undefined ? known : asText(reason) })
        return api
      },
    },
    accessToken: { setCustomClaim: setCustomClaim(build, api, 'accessToken') },
    cache: cacheApi(build),
    transaction: {
      addTargetScope: scopes('add'),
      removeTargetScope: scopes('remove'),
      setTargetScopes: scopes('set'),
      clearTargetScopes: scopes('clear'),
    },
  })
}
