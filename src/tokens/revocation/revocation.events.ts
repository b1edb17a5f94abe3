import type { PersonalData, Upcasters } from '../../event-store/event.js'

/** Which refresh tokens, as in queries/refresh-token-filter.ts; what identifies a device is in `device`, sealed. */
interface Selected {
  readonly userId?: string
  readonly clientId?: string
  readonly sessionId?: string
  readonly audience?: string
  readonly deviceCredentialId?: string
  readonly issuedFrom?: string
  readonly issuedTo?: string
}

/** How far it has come: refresh tokens before `place` in their list are done. Null is the list's beginning, or its end for one that was read through. */
export interface Progress {
  readonly place: string | null
  /** How many refresh tokens it ended since the last such report. */
  readonly ended: number
}

/** `before`, an ISO time: tokens issued later are not meant. */
export interface RevocationRequested extends Progress {
  readonly selected: Selected
  readonly device: PersonalData | null
  readonly before: string
}

export type RevocationEvent =
  | { readonly type: 'RefreshTokenRevocationRequested'; readonly data: RevocationRequested }
  | { readonly type: 'RefreshTokenRevocationAdvanced'; readonly data: Progress }
  | { readonly type: 'RefreshTokenRevocationFinished'; readonly data: object }

export const revocationUpcasters: Upcasters<RevocationEvent> = {
  RefreshTokenRevocationRequested: [],
  RefreshTokenRevocationAdvanced: [],
  RefreshTokenRevocationFinished: [],
}
