import type { TenantSettings } from '../users/index.js'

/**
 * What a token is to be for, where that is an API: the one that the request names, or the tenant's default one. Undefined for /userinfo alone, also
 * where the request says just that: applications that were written after Auth0's older samples name its address as their audience.
 */
export function askedAudience(named: string | undefined, { default_audience }: Pick<TenantSettings, 'default_audience'>, issuer: string): string | undefined {
  const audience = named ?? (default_audience || undefined)
  return audience === `${issuer}userinfo` ? undefined : audience
}
