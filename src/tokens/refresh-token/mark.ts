import type { Decider, Decision } from '../../event-store/event.js'
import { type MarkScope, type RefreshTokenMarkEvent, refreshTokenMarkUpcasters } from './mark.events.js'
import type { RevocationReason } from './family.events.js'

/** The latest revocation of all refresh tokens of one scope (docs/adr/0004-ending-many-refresh-tokens.md). */
export type RefreshTokenMark =
  { readonly status: 'none' } | { readonly status: 'marked'; readonly before: string; readonly reason: RevocationReason; readonly scope: MarkScope }

/** Its streams are named by the scope's key, which the families' appends are guarded by. */
export const refreshTokenMark: Decider<RefreshTokenMark, RefreshTokenMarkEvent> = {
  streamType: 'refresh_token_mark',
  initial: { status: 'none' },
  stateVersion: 1,
  upcasters: refreshTokenMarkUpcasters,
  guardKey: (key) => key,
  evolve: (_, { type, data }) => {
    switch (type) {
      case 'RefreshTokensRevoked':
        return { status: 'marked', ...data }
    }
  },
}

/** Ends what began at or before `before`. What a mark has ended already stays as it is. Answers whether this call ended it. */
export function mark(state: RefreshTokenMark, scope: MarkScope, reason: RevocationReason, before: Date): Decision<RefreshTokenMarkEvent, boolean> {
  if (state.status === 'marked' && Date.parse(state.before) >= before.getTime()) return { events: [], result: false }
  return { events: [{ type: 'RefreshTokensRevoked', data: { scope, before: before.toISOString(), reason } }], result: true }
}
