import type { FoundConnection } from '../../users/index.js'
import { type CallerOf, reveal } from '../caller.js'
import { type Fields, pick } from '../paging/fields.js'
import { showConnection } from './connections.dto.js'

/** A connection as far as the caller's scopes and the request's fields show it; what the answer shows of secrets is noted for the log. */
export function showConnectionTo(caller: CallerOf, { document, secretNames }: FoundConnection, fields?: Fields): object {
  const answer = pick(showConnection(document, caller.scopes.has('read:connections_options')), fields)
  if ('options' in answer) for (const name of secretNames) reveal(caller, `options.${name}`)
  return answer
}
