import { deciders } from '../deciders.js'
import { planFreely, streamInOrder } from '../event-store/verification/cursor.js'
import { foldStreams } from '../event-store/verification/fold-streams.js'
import { differingRows, type KeptTable } from '../event-store/verification/kept-tables.js'
import { misplacedReaders } from '../event-store/verification/misplaced-readers.js'
import { keptTables } from '../kept-tables.js'
import { differingPersonKeys } from '../keys/person-key-differences.js'
import { type Command, FINE, FOUND_WRONG, parseOptions } from './command.js'
import { withDatabase } from './database.js'
import { inSnapshot } from './snapshot.js'

/** It reports and does not repair: a row that differs was changed by someone, and that wants to be looked into first. */
export const fold: Command = {
  summary: "compare every stream's state with what its events say",
  help: `Usage: evergrant fold [--json]

Folds the events of every stream again and compares the result, the version and the head hash with the stream's row.
Then compares the tables that hold the settings, people and keys, the marks of revocations, and where the log is delivered,
with those states, people's keys with their erasures, and the places of the log's readers with its seals.
Names each stream and each reader that differs. Rows that an older version of the service wrote are counted as stale: the next command
folds them anew. Run verify as well: fold takes the events as they are stored.

  --json  one JSON object per difference, then the totals

Exit codes: 0 all rows agree, 1 some do not, 2 it could not be checked.
`,
  async run(args) {
    const { values } = parseOptions(args, { options: { json: { type: 'boolean' } } })
    const totals = await withDatabase(({ databaseUrl }) =>
      foldDatabase(
        databaseUrl,
        deciders,
        (difference) => {
          process.stdout.write(values.json ? `${JSON.stringify(difference)}\n` : `${nameOf(difference)}: ${difference.reason}\n`)
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

export type Difference = { readonly streamId: string; readonly reason: string } | { readonly reader: string; readonly reason: string }

const nameOf = (difference: Difference): string => ('reader' in difference ? `reader ${difference.reader}` : `stream ${difference.streamId}`)

export interface FoldTotals {
  readonly streams: number
  readonly events: number
  readonly stale: number
  readonly different: number
}

/** Compares all streams, these tables, people's keys and the log's readers with them, in one snapshot; tells of each that differs. */
export function foldDatabase(
  databaseUrl: string,
  known: Parameters<typeof foldStreams>[1],
  onDifference: (difference: Difference) => void,
  tables: readonly KeptTable[] = [],
): Promise<FoldTotals> {
  return inSnapshot(databaseUrl, async (db) => {
    await streamInOrder(db)
    const totals = { streams: 0, events: 0, stale: 0, different: 0 }
    const tell = (difference: Difference): void => {
      totals.different++
      onDifference(difference)
    }
    for await (const { streamId, events, verdict, reason = '' } of foldStreams(db, known)) {
      totals.streams++
      totals.events += events
      if (verdict === 'stale') totals.stale++
      if (verdict === 'different') tell({ streamId, reason })
    }
    await planFreely(db)
    for (const table of tables) {
      const decider = known.find(({ streamType }) => streamType === table.streamType)!
      for await (const difference of differingRows(db, table, decider)) tell(difference)
    }
    for await (const difference of differingPersonKeys(db)) tell(difference)
    for (const difference of await misplacedReaders(db)) tell(difference)
    return totals
  })
}
