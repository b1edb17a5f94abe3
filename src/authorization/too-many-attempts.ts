import { OAuthError } from '../http/oauth-error.js'

/** Until the oldest wrong passwords are forgotten. */
const LOCKED_SECONDS = 900

/** A password that is not even looked at (spec/oauth.md §1.2), on the login page and at the token endpoint. */
export const tooManyAttempts = (): OAuthError =>
  new OAuthError('too_many_attempts', 'There were too many attempts to log in to this account. Please try again later.', undefined, {
    headers: { 'Retry-After': String(LOCKED_SECONDS) },
  })
