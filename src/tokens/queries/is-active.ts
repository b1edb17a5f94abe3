import { UNMARKED } from '../refresh-token/mark-table.js'

/**
 * SQL that is true of a row `t` of refresh_tokens whose token could be exchanged now: every list and every count has it. Rows of tokens that
 * expired, or that a mark has ended, stay until they are cleared away.
 */
export const IS_ACTIVE = `(t.expires_at is null or t.expires_at > now()) and (t.idle_expires_at is null or t.idle_expires_at > now()) and ${UNMARKED}`
