import type { ClientDocument } from './client.events.js'

/**
 * What a client's ID tokens are signed with where it chose HS256: its secret (OIDC Core §10.1). Undefined for every other choice, and for a client
 * that has no secret of its own, whose ID tokens anybody could make.
 */
export function idTokenSecret({ document, secret }: { readonly document: ClientDocument; readonly secret: string | undefined }): string | Buffer | undefined {
  const { token_endpoint_auth_method, client_authentication_methods, jwt_configuration } = document
  if (jwt_configuration?.['alg'] !== 'HS256' || token_endpoint_auth_method === 'none' || client_authentication_methods) return undefined
  return secret !== undefined && jwt_configuration['secret_encoded'] === true ? Buffer.from(secret, 'base64url') : secret
}
