import type { AskedRequest } from '../audit/audit.events.js'
import type { Parameters } from '../http/body.js'
import { withoutPersons } from '../redact.js'

/** So much stands in the log of an address that anybody can make up. */
const MAX_ADDRESS = 500
const MAX_PARAMETERS = 50
const MAX_CALLBACKS = 20

/** Parameters that say what is asked for, and neither who asks nor anything that is to stay between client and browser. */
const TOLD = new Set([
  'client_id',
  'response_type',
  'response_mode',
  'scope',
  'audience',
  'resource',
  'prompt',
  'max_age',
  'display',
  'ui_locales',
  'acr_values',
  'connection',
  'organization',
  'screen_hint',
  'code_challenge_method',
])

/** An authorization request as the log may show it (spec/logs.md §1.3): what is neither told nor an address stands as `REDACTED`. */
export function shownRequest(parameters: Parameters, callbacks?: readonly string[]): AskedRequest {
  const named = Object.entries(parameters).filter(([name]) => /^[\w.:-]{1,64}$/.test(name))
  const parts = named.slice(0, MAX_PARAMETERS).map(([name, value]) => [name, shown(name, value.replace(/\0|\p{Surrogate}/gu, '\ufffd'))])
  return { parameters: Object.fromEntries(parts) as Parameters, ...(callbacks && { callbacks: callbacks.slice(0, MAX_CALLBACKS) }) }
}

function shown(name: string, value: string): string {
  if (name === 'redirect_uri') return URL.canParse(value) ? shownAddress(new URL(value)) : withoutPersons(value).slice(0, MAX_ADDRESS)
  return TOLD.has(name) ? withoutPersons(value) : 'REDACTED'
}

/** Without credentials, query and fragment. */
export const shownAddress = ({ protocol, host, pathname }: URL): string =>
  `${protocol}${host === '' ? '' : `//${host}`}${withoutPersons(pathname)}`.slice(0, MAX_ADDRESS)
