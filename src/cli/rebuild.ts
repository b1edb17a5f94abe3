import type pg from 'pg'
import { createOwnerClient } from '../database/pool.js'
import { rebuildProjection } from '../event-store/rebuild-projection.js'
import { personalValues } from '../keys/personal-values.js'
import { checkRootKeys } from '../keys/sealed-column.js'
import { projections } from '../projections.js'
import { sealedColumns } from '../sealed-columns.js'
import { type Command, FINE, FOUND_WRONG, parseOptions, UsageError } from './command.js'
import { withDatabase } from './database.js'

export const rebuild: Command = {
  summary: 'build a read model anew from the log, without downtime',
  help: `Usage: evergrant rebuild [NAME]

Without NAME lists the projections: where they stand, how far behind the sealed log, and how many events they could not handle.
With NAME builds that projection's table anew from the first event while the one in use goes on serving, then exchanges them
in a moment. Its failed events are tried again, and it goes on from the log's end wherever it stood. Safe to kill and to repeat.

Exit codes: 0 done, 1 rebuilt but some events failed, or one of those listed stands ahead of the log, 2 not possible.
`,
  async run(args) {
    const { positionals } = parseOptions(args, { options: {}, allowPositionals: true })
    const [name, ...more] = positionals
    if (more.length > 0) throw new UsageError('one NAME at a time')
    const projection = projections.find((known) => known.name === name)
    if (name !== undefined && !projection)
      throw new UsageError(`there is no projection ${name}; it is one of ${projections.map((known) => known.name).join(', ')}`)
    return withDatabase(async ({ databaseUrl, rootKeys }) => {
      const [db, reader] = [createOwnerClient(databaseUrl), createOwnerClient(databaseUrl)]
      await Promise.all([db.connect(), reader.connect()])
      try {
        if (!projection) {
          const listed = await list(db)
          process.stdout.write(listed.map(describe).join(''))
          return listed.every(({ lag }) => lag >= 0) ? FINE : FOUND_WRONG
        }
        await checkRootKeys(db, rootKeys, sealedColumns)
        const began = performance.now()
        const { position, events, failed } = await rebuildProjection(db, projection, personalValues(db, rootKeys), reader)
        const seconds = (performance.now() - began) / 1000
        process.stdout.write(`rebuilt ${projection.name} up to position ${position}: ${events} events in ${seconds.toFixed(1)} s, ${failed} failed\n`)
        return failed === 0 ? FINE : FOUND_WRONG
      } finally {
        await Promise.all([db.end(), reader.end()])
      }
    })
  },
}

interface Standing {
  readonly name: string
  readonly position: number
  /** Negative where somebody moved it ahead of the log. */
  readonly lag: number
  readonly failed: number
}

async function list(db: pg.Client): Promise<Standing[]> {
  const { rows } = await db.query<Standing>(
    `select p.name, coalesce(c.position, 0) as position, head.position - coalesce(c.position, 0) as lag,
       (select count(*) from failed_events f where f.projection = p.name) as failed
     from unnest($1::text[]) with ordinality as p(name, place)
     left join checkpoints c on c.name = p.name
     cross join (select coalesce(max(last_position), 0) as position from seals) as head
     order by p.place`,
    [projections.map(({ name }) => name)],
  )
  return rows
}

const describe = ({ name, position, lag, failed }: Standing): string =>
  `${name}  position ${position}, ${lag < 0 ? `${-lag} ahead of the log` : `${lag} behind`}, ${failed} failed\n`
