import type { ClientDocument } from './client.events.js'

/** Somebody else's client that may do only what spec/oauth.md §15 lists: codes with PKCE for APIs that it was granted, and no OpenID Connect. */
export const isStrict = (client: ClientDocument): boolean => !client.is_first_party && client['third_party_security_mode'] === 'strict'
