import type { ClientDocument } from './client.events.js'

/** Somebody else's client that may do only what spec/oauth.md §15 lists: codes with PKCE for APIs that it was granted, and no OpenID Connect. */
export const isStrict = ({
  is_first_party,
  third_party_security_mode,
}: Partial<Pick<ClientDocument, 'is_first_party' | 'third_party_security_mode'>>): boolean => is_first_party === false && third_party_security_mode === 'strict'

/** Whether errors are shown on a page, so that nobody is sent to somebody else's address who has agreed to nothing (RFC 9700 §4.11.2). */
export const protectsRedirects = (client: ClientDocument): boolean => isStrict(client) && client.redirection_policy !== 'allow_always'
