import type { Decider, Decision } from '../../event-store/event.js'
import { applyDifference, type Changes, difference } from '../../event-store/difference.js'
import { type LogStreamDocument, type LogStreamEvent, logStreamUpcasters } from './log-stream.events.js'

export type LogStreamState =
  { readonly status: 'absent' } | { readonly status: 'present'; readonly logStream: LogStreamDocument; readonly secrets: readonly string[] }

export const logStream: Decider<LogStreamState, LogStreamEvent> = {
  streamType: 'log_stream',
  initial: { status: 'absent' },
  stateVersion: 1,
  upcasters: logStreamUpcasters,
  evolve: (state, { type, data }) => {
    if (type === 'LogStreamCreated') return { status: 'present', logStream: data.logStream, secrets: data.secrets }
    if (type === 'LogStreamDeleted' || state.status === 'absent') return { status: 'absent' }
    switch (type) {
      case 'LogStreamChanged': {
        const { set, removed } = data.secrets ?? { set: [], removed: [] }
        const secrets = [...new Set([...state.secrets, ...set])].filter((name) => !removed.includes(name)).sort()
        return { ...state, logStream: applyDifference(state.logStream, data.changes), secrets }
      }
      case 'LogStreamMoved':
        return state
      case 'LogStreamSuspended':
        return { ...state, logStream: { ...state.logStream, status: 'suspended' } }
    }
  },
}

export function createLogStream(
  state: LogStreamState,
  document: LogStreamDocument,
  secrets: readonly string[],
): Decision<LogStreamEvent, 'created' | 'exists'> {
  if (state.status === 'present') return { events: [], result: 'exists' }
  return { events: [{ type: 'LogStreamCreated', data: { logStream: document, secrets: [...secrets].sort() } }], result: 'created' }
}

/** Secrets of a change: those with a new value, and of the others those that stay. */
interface WantedSecrets {
  readonly set: readonly string[]
  readonly kept: readonly string[]
}

/** `secrets` is absent where the sink stays as it is. `from`: a log_id to go on from. */
export function changeLogStream(
  state: LogStreamState,
  wanted: Changes<Omit<LogStreamDocument, 'id' | 'type'>>,
  secrets?: WantedSecrets,
  from?: string,
): Decision<LogStreamEvent, 'changed' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  const changes = difference<LogStreamDocument>(state.logStream, wanted)
  const set = [...(secrets?.set ?? [])].sort()
  const removed = secrets ? state.secrets.filter((name) => !set.includes(name) && !secrets.kept.includes(name)) : []
  const changed = changes !== undefined || set.length > 0 || removed.length > 0
  return {
    events: [
      ...(changed
        ? [{ type: 'LogStreamChanged' as const, data: { changes: changes ?? {}, ...(set.length + removed.length > 0 && { secrets: { set, removed } }) } }]
        : []),
      ...(from === undefined ? [] : [{ type: 'LogStreamMoved' as const, data: { from } }]),
    ],
    result: 'changed',
  }
}

/** Only what is tried can have failed: one that was paused in the meantime stays so. */
export function suspendLogStream(state: LogStreamState, failingSince: string): Decision<LogStreamEvent, undefined> {
  const failing = state.status === 'present' && state.logStream.status === 'active'
  return { events: failing ? [{ type: 'LogStreamSuspended', data: { failingSince } }] : [], result: undefined }
}

export function deleteLogStream(state: LogStreamState): Decision<LogStreamEvent, 'deleted' | 'absent'> {
  if (state.status === 'absent') return { events: [], result: 'absent' }
  return { events: [{ type: 'LogStreamDeleted', data: {} }], result: 'deleted' }
}
