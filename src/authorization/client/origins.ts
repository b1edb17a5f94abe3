import { spellingsOf } from '../../http/cors.js'
import type { ClientDocument } from './client.events.js'

const ORIGIN = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]+/

/** Whether scripts of this origin may call for the client: it is an allowed one, or that of a callback (spec/oauth.md §1.5). */
export function allowsOrigin({ allowed_origins, callbacks }: ClientDocument, origin: string): boolean {
  const spellings = spellingsOf(origin)
  return [allowed_origins, callbacks].some((urls: unknown) => Array.isArray(urls) && urls.some((url: unknown) => spellings.includes(originOfUrl(url))))
}

/** Whether windows of this origin may hear the client's answers (spec/oauth.md §4.4). */
export function mayHearMessages({ web_origins, callbacks }: ClientDocument, origin: string, { orCallbacks }: { readonly orCallbacks: boolean }): boolean {
  const spellings = spellingsOf(origin)
  const allowed = [...(web_origins ?? []), ...(orCallbacks ? (callbacks ?? []) : [])]
  return allowed.some((url) => spellings.includes(originOfUrl(url)))
}

const originOfUrl = (url: unknown): string => (typeof url === 'string' ? (ORIGIN.exec(url)?.[0].toLowerCase() ?? '') : '')
