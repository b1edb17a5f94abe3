import type { IncomingMessage } from 'node:http'

/** The request line is not counted: an address that is too long is answered as such (spec/sessions.md §4). */
const MAX_BYTES = 16_384
/** `: ` or the end of the line. */
const BETWEEN = 2

/** Whether a request brings more headers than anybody needs, most likely cookies of others: to be answered with 431. */
export function hasTooManyHeaderBytes({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): boolean {
  let bytes = 0
  for (const text of rawHeaders) bytes += text.length + BETWEEN
  return bytes > MAX_BYTES
}
