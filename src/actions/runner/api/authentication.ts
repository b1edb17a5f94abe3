import type { Build } from './build.js'
import { give, refuse } from './give.js'

const ENROLLED = ['otp', 'phone', 'push', 'push-notification', 'webauthn-roaming', 'webauthn-platform', 'recovery-code']
const CHALLENGED = [...ENROLLED, 'email']
const PROVIDERS = ['none', 'any', 'guardian', 'google-authenticator', 'duo']
const MAX_USER_ID = 128
const MAX_PROMPT_ID = 48
const MAX_PROMPT_KEYS = 24
const MAX_PROMPT_BYTES = 24_576
const FIELD_NAME = /^[a-zA-Z_][a-zA-Z0-9_]{0,49}$/

/** Challenges and enrolments need factors that this service does not have, so the transaction ends there (spec/actions.md §0.2 G2). */
export function authenticationApi(build: Build, api: object, entrypoint: string): object {
  let primary = false
  const needs = (method: string, factors: readonly unknown[], known: readonly string[]): void => {
    if (factors.length === 0 || !factors.every((factor) => known.includes(typeOf(factor))))
      throw new Error('factor type must be equal to one of the allowed values')
    give(build, { type: 'unsupported', method: `authentication.${method}`, closed: true })
  }
  return {
    challengeWith: (factor: unknown) => needs('challengeWith', [factor], CHALLENGED),
    challengeWithAny: (factors: unknown) => needs('challengeWithAny', Array.isArray(factors) ? factors : [], CHALLENGED),
    enrollWith: (factor: unknown) => needs('enrollWith', [factor], ENROLLED),
    enrollWithAny: (factors: unknown) => needs('enrollWithAny', Array.isArray(factors) ? factors : [], ENROLLED),
    recordMethod: (url: unknown) => {
      if (entrypoint !== 'onContinuePostLogin') throw new Error('api.authentication.recordMethod can only be called in onContinuePostLogin.')
      const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
      if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) throw new Error('The method must be a URL with the http or https scheme.')
      give(build, { type: 'recordMethod', url: url as string })
      return api
    },
    setPrimaryUser: (id: unknown) => {
      if (primary) throw new Error('The primary user can only be altered once per transaction')
      if (typeof id !== 'string' || id === '') throw new Error('The provided primary_user_id must be a non-empty string')
      if (id.length > MAX_USER_ID) throw new Error('The provided primary_user_id exceeds the maximum length.')
      primary = true
      give(build, { type: 'unsupported', method: 'authentication.setPrimaryUser', closed: true })
    },
  }
}

export const multifactorApi = (build: Build, api: object): object => ({
  enable: (provider: unknown, options: unknown = {}) => {
    const allowRememberBrowser = (options as { allowRememberBrowser?: unknown } | null)?.allowRememberBrowser ?? true
    refuse({
      provider: [typeof provider !== 'string' ? 'must be string' : !PROVIDERS.includes(provider) && 'must be equal to one of the allowed values'],
      allowRememberBrowser: [typeof allowRememberBrowser !== 'boolean' && 'must be boolean'],
    })
    give(build, { type: 'multifactor', provider: provider as string, allowRememberBrowser: allowRememberBrowser as boolean })
    return api
  },
})

export function promptApi(build: Build): object {
  let rendered = false
  return {
    render: (promptId: unknown, options: unknown = {}) => {
      refuse({ promptId: [typeof promptId !== 'string' ? 'must be string' : promptId.length > MAX_PROMPT_ID && 'must NOT have more than 48 characters'] })
      const { fields = {}, vars = {} } = (options ?? {}) as { fields?: object; vars?: object }
      for (const [name, members] of Object.entries({ fields, vars })) {
        refuse({ [name]: [Object.keys(members ?? {}).length > MAX_PROMPT_KEYS && 'must NOT have more than 24 properties'] })
      }
      refuse({ fields: [Object.keys(fields ?? {}).some((name) => !FIELD_NAME.test(name)) && `property names must match pattern "${FIELD_NAME.source}"`] })
      if (new TextEncoder().encode(JSON.stringify({ fields, vars })).length > MAX_PROMPT_BYTES) {
        throw new Error(`The total size of the prompt options exceeds the limit of ${MAX_PROMPT_BYTES} bytes.`)
      }
      if (rendered) throw new Error('Only 1 render command per action is allowed.')
      rendered = true
      give(build, { type: 'unsupported', method: 'prompt.render', closed: true })
    },
  }
}

const typeOf = (factor: unknown): string => String((factor as { type?: unknown } | null | undefined)?.type)
