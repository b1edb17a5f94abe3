import type { AuthorizeRequest } from './authorize-request.js'

/**
 * Whether the person must be asked before the client is answered: always for a client of somebody else, and when the client asks for it.
 * Answers are not remembered.
 */
export const needsConsent = ({ client, prompt }: AuthorizeRequest): boolean => !client.is_first_party || prompt.has('consent')
