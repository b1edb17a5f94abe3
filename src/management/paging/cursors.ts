import { createHmac, timingSafeEqual } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import { ManagementError } from '../../http/management-error.js'
import { RootKeys } from '../../keys/root-key.js'

const LIFETIME_MS = 86_400_000
const PURPOSE = 'management-cursor'

/** Signed places in a list, good for 24 hours and for the list that they come from (spec/management-api.md §1.7). */
@Injectable()
export class Cursors {
  constructor(private readonly rootKeys: RootKeys) {}

  /** `list` names the list and what narrows it: another one does not take the cursor. */
  write(list: string, after: string, now = Date.now()): string {
    const payload = Buffer.from(JSON.stringify([after, now + LIFETIME_MS])).toString('base64url')
    return `${payload}.${this.#mac(list, payload, this.rootKeys.newestId)}`
  }

  /** The place after which the list goes on. Errors: ManagementError 400 for a cursor that is not ours, of another list, or too old. */
  read(list: string, cursor: string, now = Date.now()): string {
    const [payload = '', mac = ''] = cursor.split('.')
    const genuine = this.rootKeys.ids.some((keyId) => same(mac, this.#mac(list, payload, keyId)))
    if (!genuine) throw expiredCursor()
    const [after, end] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [string, number]
    if (now >= end) throw expiredCursor()
    return after
  }

  #mac(list: string, payload: string, keyId: string): string {
    return createHmac('sha256', this.rootKeys.derive(PURPOSE, keyId)).update(`${list}\n${payload}`).digest().subarray(0, 16).toString('base64url')
  }
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** The 400 for a cursor that is not good. */
export const expiredCursor = (): ManagementError =>
  new ManagementError(
    400,
    `The checkpoint ID provided in the 'from' parameter has expired or is invalid, please remove the checkpoint ID and try again`,
    'invalid_query_string',
  )
