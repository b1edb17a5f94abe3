import type { Resource } from './refresh-token/resources.js'

interface Opening {
  readonly audience: string | null
  readonly scope: readonly string[]
  readonly resources?: readonly Resource[]
}

/**
 * What a refresh token opens: the API of its login, and each that a policy of the client opened since (spec/refresh-tokens.md §6.3). Without an API
 * that is /userinfo, the audience of its access tokens (spec/oauth.md §2.1). `scopes` is one text (spec/management-api.md §2.1).
 */
export const resourceServers = (
  { audience, scope, resources = [] }: Opening,
  issuer: string,
): readonly { readonly audience: string; readonly scopes: string }[] =>
  [{ audience: audience ?? `${issuer}userinfo`, scope }, ...resources].map((resource) => ({ audience: resource.audience, scopes: resource.scope.join(' ') }))
