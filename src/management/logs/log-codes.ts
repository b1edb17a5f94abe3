/** Every code that this service writes, with the one stream filter that it belongs to (spec/logs.md §2). */
export const LOG_CODES = {
  seacft: 'auth.token_exchange.success',
  feacft: 'auth.token_exchange.fail',
  sertft: 'auth.token_exchange.success',
  fertft: 'auth.token_exchange.fail',
  ferrt: 'auth.token_exchange.fail',
  seccft: 'auth.token_exchange.success',
  feccft: 'auth.token_exchange.fail',
  srrt: 'user.success',
  resource_cleanup: 'other',
  organization_member_added: 'other',
  s: 'auth.login.success',
  f: 'auth.login.fail',
  fp: 'auth.login.fail',
  fu: 'auth.login.fail',
  ssa: 'auth.silent_auth.success',
  fsa: 'auth.silent_auth.fail',
  ss: 'auth.signup.success',
  fs: 'auth.signup.fail',
  w: 'auth.login.notification',
  session_revoked: 'other',
  slo: 'auth.logout.success',
  flo: 'auth.logout.fail',
  oidc_backchannel_logout_succeeded: 'auth.logout.success',
  oidc_backchannel_logout_failed: 'auth.logout.fail',
  sdu: 'user.success',
  limit_wc: 'system.notification',
  ublkdu: 'user.notification',
  api_limit: 'system.notification',
  actions_execution_failed: 'actions',
  sapi: 'management.success',
  fapi: 'management.fail',
  mgmt_api_read: 'management.success',
} as const

export type LogCode = keyof typeof LOG_CODES

/** Every filter that a log stream may name, also those that no code of this service belongs to (spec/logs.md §2). */
export const LOG_CATEGORIES = [
  'auth.login.fail',
  'auth.login.notification',
  'auth.login.success',
  'auth.logout.fail',
  'auth.logout.success',
  'auth.signup.fail',
  'auth.signup.success',
  'auth.silent_auth.fail',
  'auth.silent_auth.success',
  'auth.token_exchange.fail',
  'auth.token_exchange.success',
  'management.fail',
  'management.success',
  'system.notification',
  'user.fail',
  'user.notification',
  'user.success',
  'actions',
  'scim.event',
  'other',
] as const

/** The one category of a code; what is not classified is `other`. */
export const categoryOf = (code: string): string => (Object.hasOwn(LOG_CODES, code) ? LOG_CODES[code as LogCode] : 'other')
