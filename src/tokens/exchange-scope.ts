import { isOidcScope } from '../authorization/index.js'

/** Scopes that belong to no API: asked for without having been granted, they are left out in silence (spec/refresh-tokens.md §6.3). */
const PASSES = (scope: string): boolean => isOidcScope(scope) || scope === 'offline_access' || scope === 'online_access'

/**
 * The scope that an exchange gives a client without policies (RFC 6749 §6): of the login's what would be granted today, which is `allowed`.
 * `offline_access` stays, whether the API still allows new refresh tokens or not.
 */
export function exchangeScope(
  login: readonly string[],
  allowed: readonly string[],
  requested: readonly string[] | undefined,
): { readonly scope: readonly string[] } | { readonly notGranted: readonly string[] } {
  const still = stillGranted(login, allowed)
  if (requested === undefined) return { scope: still }
  const notGranted = requested.filter((scope) => !still.includes(scope) && !PASSES(scope))
  return notGranted.length > 0 ? { notGranted } : { scope: still.filter((scope) => requested.includes(scope)) }
}

/**
 * All that a client with policies may ask for at an API: at that of the login what the login brought and the policy adds, elsewhere the
 * person's claims and the policy's scopes.
 */
export function entitledScope(login: readonly string[], policy: readonly string[], atLogin: boolean): readonly string[] {
  const ofPolicy = policy.filter((scope) => !PASSES(scope))
  return [...new Set([...(atLogin ? login : login.filter(isOidcScope)), ...ofPolicy])]
}

/** What such a client gets of it: the rest of what it asks for is left out in silence. */
export function policyScope(entitled: readonly string[], allowed: readonly string[], requested: readonly string[] | undefined): readonly string[] {
  const still = stillGranted(entitled, allowed)
  return requested === undefined ? still : still.filter((scope) => requested.includes(scope))
}

const stillGranted = (granted: readonly string[], allowed: readonly string[]): readonly string[] =>
  granted.filter((scope) => scope === 'offline_access' || allowed.includes(scope))
