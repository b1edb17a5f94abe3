import { deciders } from '../deciders.js'
import { planFreely, streamInOrder } from '../event-store/verification/cursor.js'
import { foldStreams } from '../event-store/verification/fold-streams.js'
import { differingRows, type KeptTable } from '../event-store/verification/kept-tables.js'
import { keptTables } from '../kept-tables.js'
import { type Command, FINE, FOUND_WRONG, parseOptions } from './command.js'
import { withDatabase } from './database.js'
import { inSnapshot } from './snapshot.js'

/** It reports and does not repair: a row that differs was changed by someone, and that wants to be looked into first. */
export const fold: Command = {
  summary: "compare every stream's state with what its events say",
  help: `Usage: evergrant fold [--json]

Folds the events of every stream again and compares the result, the version and the head hash with the stream's row.
Then compares the tables that hold the settings, people and keys, and the marks of revocations, with those states.
Names each stream that differs. Rows that an older version of the service wrote are counted as stale: the next command
folds them anew. Run verify as well: fold takes the events as they are stored.

  --json  one JSON object per differing stream, then the totals

Exit codes: 0 all rows agree, 1 some do not, 2 it could not be checked.
`,
  async run(args) {
    const { values } = parseOptions(args, { options: { json: { type: 'boolean' } } })
    const totals = await withDatabase(({ databaseUrl }) =>
      foldDatabase(
        databaseUrl,
        deciders,
        ({ streamId, reason }) => {
          process.stdout.write(values.json ? `${JSON.stringify({ streamId, reason })}\n` : `stream ${streamId}: ${reason}\n`)
        },
        keptTables,
      ),
    )
    const { streams, events, stale, different } = totals
    const text = `folded ${events} events of ${streams} streams: ${different} different, ${stale} stale`
    process.stdout.write(`${values.json ? JSON.stringify({ ok: different === 0, ...totals }) : text}\n`)
    return different === 0 ? FINE : FOUND_WRONG
  },
}

export interface FoldTotals {
  readonly streams: number
  readonly events: number
  readonly stale: number
  readonly different: number
}

/** Compares all streams, and these tables with them, in one snapshot; tells of each stream that differs. */
export function foldDatabase(
  databaseUrl: string,
  known: Parameters<typeof foldStreams>[1],
  onDifference: (stream: { streamId: string; reason: string }) => void,
  tables: readonly KeptTable[] = [],
): Promise<FoldTotals> {
  return inSnapshot(databaseUrl, async (db) => {
    await streamInOrder(db)
    const totals = { streams: 0, events: 0, stale: 0, different: 0 }
    for await (const { streamId, events, verdict, reason = '' } of foldStreams(db, known)) {
      totals.streams++
      totals.events += events
      if (verdict !== 'same') totals[verdict]++
      if (verdict === 'different') onDifference({ streamId, reason })
    }
    await planFreely(db)
    for (const table of tables) {
      const decider = known.find(({ streamType }) => streamType === table.streamType)!
      for await (const difference of differingRows(db, table, decider)) {
        totals.different++
        onDifference(difference)
      }
    }
    return totals
  })
}
