import type { Finding, LogEvent, LogSeal, LogSource } from './log-source.js'

/**
 * Names what was done where stored events first differ from a seal's list: removed, added, moved, or replaced.
 * The seal is signed, so its list is what was there.
 */
export async function firstDifference(at: number, events: readonly LogEvent[], leaves: readonly Buffer[], seal: LogSeal, source: LogSource): Promise<Finding> {
  const stored = events[at]
  const listed = leaves[at]
  const position = seal.firstPosition + at
  const here = stored && { streamId: stored.streamId, version: stored.version }
  if (stored && !listed) return { kind: 'inserted', position, ...here, reason: `event was inserted: seal ${seal.number} does not list it` }

  const belongs = stored ? leaves.findIndex((leaf) => leaf.equals(stored.hash)) : -1
  const standsHere = events.some(({ hash }) => hash.equals(listed!))
  if (standsHere) {
    if (belongs < 0) return { kind: 'inserted', position, ...here, reason: `event was inserted: seal ${seal.number} does not list it` }
    if (belongs < at) return { kind: 'inserted', position, ...here, reason: `event was inserted: it is a copy of position ${seal.firstPosition + belongs}` }
    return { kind: 'moved', position, ...here, reason: `event was moved: it belongs at position ${seal.firstPosition + belongs}` }
  }
  const trace = await source.trace?.(listed!)
  const { elsewhere, ...known } = trace ?? { elsewhere: false }
  if (elsewhere) return { kind: 'moved', position, ...known, reason: 'event was moved: it now stands elsewhere in the log' }
  if (!stored || belongs >= 0) return { kind: 'missing', position, ...known, reason: 'event is missing' }
  // Neither is the listed event anywhere nor is the stored one listed: it took the other's place.
  return { kind: 'edited', position, ...here, reason: 'event was edited: its content and its hash are not what was sealed' }
}
