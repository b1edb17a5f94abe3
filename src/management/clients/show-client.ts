import type { ListedClient } from '../../authorization/index.js'
import { type CallerOf, holds, reveal } from '../caller.js'
import { type Fields, pick } from '../paging/fields.js'

const SUMMARY = new Set(['client_id', 'name', 'app_type', 'description'])
const KEY_MEMBERS = new Set(['client_secret', 'signing_keys', 'encryption_key', 'client_authentication_methods'])

/** Scopes that show all members but keys, and those that show keys. */
export interface Showing {
  readonly full: readonly string[]
  readonly keys: readonly string[]
}

const READ: Showing = { full: ['read:clients', 'read:client_keys'], keys: ['read:client_keys', 'read:client_credentials'] }
/** Scopes to write count for the answer of that very write. */
export const CREATED: Showing = { full: ['create:clients'], keys: ['create:clients'] }
export const UPDATED: Showing = { full: ['update:clients', 'update:client_keys', 'update:client_credentials'], keys: ['update:client_keys'] }

/** A client as far as the caller's scopes and the request's fields show it (spec/management-api.md §2.4). Notes a secret that is shown. */
export function showClient(
  { document, secret }: ListedClient,
  { caller, tenant, certificate, written }: { caller: CallerOf; tenant: string; certificate: string | undefined; written?: Showing | undefined },
  fields?: Fields,
): object {
  const { client_id, name, global, ...rest } = document
  const shown = {
    tenant,
    global,
    client_id,
    name,
    ...rest,
    ...(secret !== undefined && !document['client_authentication_methods'] && { client_secret: secret }),
    ...(certificate !== undefined && { signing_keys: [{ cert: certificate }] }),
  }
  const full = shows(caller, 'full', written)
  const keys = shows(caller, 'keys', written)
  const visible = Object.entries(shown).filter(([member]) => SUMMARY.has(member) || (KEY_MEMBERS.has(member) ? keys : full))
  const picked = pick(Object.fromEntries(visible), fields)
  if ('client_secret' in picked) reveal(caller, 'client_secret')
  return picked
}

/** What a search may match: the members that the caller's scopes show, and no secret or key. */
export function searchableClient({ document }: ListedClient, caller: CallerOf): object {
  const full = shows(caller, 'full')
  return Object.fromEntries(Object.entries(document).filter(([member]) => SUMMARY.has(member) || (full && !KEY_MEMBERS.has(member))))
}

const shows = (caller: CallerOf, what: keyof Showing, written?: Showing): boolean =>
  holds(caller, { mode: 'any', scopes: [...READ[what], ...(written?.[what] ?? [])] })
