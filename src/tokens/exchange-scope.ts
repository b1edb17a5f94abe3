import { isOidcScope } from '../authorization/index.js'

/** Scopes that belong to no API: asked for without having been granted, they are left out in silence (spec/refresh-tokens.md §6.3). */
const PASSES = (scope: string): boolean => isOidcScope(scope) || scope === 'offline_access' || scope === 'online_access'

/**
 * What an exchange gives of what the login brought, for a client without policies (RFC 6749 §6). `allowed` is what of it would be granted today;
 * that the refresh token may go on is settled, whatever the API says of new ones.
 */
export function exchangeScope(
  login: readonly string[],
  allowed: readonly string[],
  requested: readonly string[] | undefined,
): { readonly scope: readonly string[] } | { readonly notGranted: readonly string[] } {
  const still = login.filter((scope) => scope === 'offline_access' || allowed.includes(scope))
  if (requested === undefined) return { scope: still }
  const notGranted = requested.filter((scope) => !still.includes(scope) && !PASSES(scope))
  return notGranted.length > 0 ? { notGranted } : { scope: still.filter((scope) => requested.includes(scope)) }
}
