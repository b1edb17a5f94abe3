import type { Context, Decider, Decision, Metadata } from '../../event-store/event.js'
import { type Progress, type RevocationEvent, type RevocationRequested, revocationUpcasters } from './revocation.events.js'

/**
 * Somebody wants refresh tokens ended that no mark can end at once, and more of them than one request waits for (docs/refresh-tokens.md).
 * Worked off from their list, in slices, as often as it takes until the list was read through and nothing on it was left to end.
 */
type Revocation = { readonly status: 'none' } | RunningRevocation | FinishedRevocation

export interface RunningRevocation extends Omit<RevocationRequested, 'ended'> {
  readonly status: 'running'
  readonly requestedAt: string
  /** Who asked, for the events of the tokens. */
  readonly context: Context
  /** Since the list was begun the last time, and in all. */
  readonly endedInPass: number
  readonly ended: number
  /** How many slices were reported. */
  readonly slices: number
}

export interface FinishedRevocation {
  readonly status: 'finished'
  readonly requestedAt: string
  readonly finishedAt: string
  readonly ended: number
}

export const revocation: Decider<Revocation, RevocationEvent> = {
  streamType: 'refresh_token_revocation',
  initial: { status: 'none' },
  stateVersion: 1,
  upcasters: revocationUpcasters,
  evolve,
}

/** Asks for what is left after a first slice. Repeated, it changes nothing. */
export function request(state: Revocation, requested: RevocationRequested): Decision<RevocationEvent, void> {
  return { events: state.status === 'none' ? [{ type: 'RefreshTokenRevocationRequested', data: requested }] : [], result: undefined }
}

/**
 * Reports the slice that followed `slices` others. Where another worker has reported it before, nothing changes. A pass that comes to the
 * list's end and has ended nothing is the last: what was issued before the request and appeared on the list since then is ended by then.
 */
export function advance(state: Revocation, slices: number, progress: Progress): Decision<RevocationEvent, void> {
  if (state.status !== 'running' || state.slices !== slices) return { events: [], result: undefined }
  const isLast = progress.place === null && state.endedInPass + progress.ended === 0
  return {
    events: [isLast ? { type: 'RefreshTokenRevocationFinished', data: {} } : { type: 'RefreshTokenRevocationAdvanced', data: progress }],
    result: undefined,
  }
}

function evolve(state: Revocation, event: RevocationEvent, { at, ...context }: Metadata): Revocation {
  if (event.type === 'RefreshTokenRevocationRequested') {
    const { ended, place } = event.data
    return { status: 'running', ...event.data, requestedAt: at, context, endedInPass: place === null ? 0 : ended, slices: 0 }
  }
  if (state.status !== 'running') throw new Error(`${event.type} in a revocation that is ${state.status}`)
  switch (event.type) {
    case 'RefreshTokenRevocationAdvanced': {
      const { place, ended } = event.data
      return { ...state, place, endedInPass: place === null ? 0 : state.endedInPass + ended, ended: state.ended + ended, slices: state.slices + 1 }
    }
    case 'RefreshTokenRevocationFinished': {
      const { requestedAt, ended } = state
      return { status: 'finished', requestedAt, finishedAt: at, ended }
    }
  }
}
