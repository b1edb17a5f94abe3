import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createPool } from '../../../src/database/pool.js'
import { writeAppends } from '../../../src/event-store/append-queue.js'
import { appendOf, appendStatement, bearStreams, STREAM_PREFIX, StreamRing, STREAMS } from '../append-statement.js'
import { type StoredRotation, seededFamilies } from '../families.js'
import { load, ownCpu } from '../load.js'
import { findPgbench, loadByPgbench } from '../pgbench.js'
import { alone, type Bench, type Figures, type Group } from '../row.js'

export const PGBENCH = 'append by pgbench'
export const RAW = 'append by the driver, unbatched'

const FAMILIES = 1024

export const reference: Group = {
  name: 'reference',
  about:
    "The store's own append statement with the parameters of a rotation, one stream a statement: driven by pgbench (prepared, one thread; left out where there is none), " +
    'and by a connection of the Node driver for each caller.',
  rows: [...alone(PGBENCH, byPgbench), ...alone(RAW, byDriver)],
}

async function byPgbench(bench: Bench, callers: number): Promise<Figures> {
  const program = await findPgbench()
  if (!program) return {}
  const { cluster, pace } = bench
  return onStreams(bench, async (databaseUrl, rotation) => {
    // What the service's connections ask for; this pool makes none.
    const { options = '' } = createPool(databaseUrl, 1).options
    const script = path.join(cluster.scratch, 'append.sql')
    const { text, variables } = await pgbenchScript(rotation, callers)
    await writeFile(script, text)
    const run = { script, variables, databaseUrl, options, folder: cluster.scratch }
    const { figures, transactions } = await loadByPgbench(program, run, pace, { database: cluster.cpu }, callers)
    await expectAppends(databaseUrl, transactions)
    return figures
  })
}

/** An append whose stream is not at the expected version writes nothing, and pgbench would not notice. */
async function expectAppends(databaseUrl: string, appends: number): Promise<void> {
  const pool = createPool(databaseUrl, 1)
  const { rows } = await pool.query<{ appended: number }>('select sum(version - 1) as appended from streams where starts_with(id, $1)', [STREAM_PREFIX])
  await pool.end()
  if (rows[0]!.appended < appends) throw new Error(`pgbench sent ${appends} appends, of which ${rows[0]!.appended} took place`)
}

function byDriver(bench: Bench, callers: number): Promise<Figures> {
  return onStreams(bench, async (databaseUrl, rotation) => {
    const pool = createPool(databaseUrl, callers)
    const own = Array.from({ length: callers }, (_, caller) => new StreamRing(caller, callers))
    const at = new Date()
    try {
      return await load(bench.pace, { service: ownCpu, database: bench.cluster.cpu }, callers, async (caller) => {
        const { streamId, version } = own[caller]!.next()
        const marks = await writeAppends(pool, [appendOf(rotation, streamId, version, at)])
        if (marks.size !== 1) throw new Error(`${streamId} is not at version ${version - 1}`)
      })
    } finally {
      await pool.end()
    }
  })
}

async function onStreams(bench: Bench, work: (url: string, rotation: StoredRotation) => Promise<Figures>): Promise<Figures> {
  const template = await seededFamilies(bench, FAMILIES)
  const { rotation } = template.content
  return bench.cluster.onCopy(template, async (url) => {
    await bearStreams(url, rotation)
    return work(url, rotation)
  })
}

/**
 * The append statement with its parameters written as array texts, as the driver sends them. The stream and its versions follow
 * from counting, each client in its own streams; all else stays the same.
 */
async function pgbenchScript(rotation: StoredRotation, clients: number): Promise<{ text: string; variables: Record<string, string | number> }> {
  const at = new Date()
  const { text, values } = await appendStatement(appendOf(rotation, '?', 2, at))
  const stream = `('{${STREAM_PREFIX}' || :stream::text || '}')`
  const counted = (name: string): string => `('{' || :${name}::text || '}')`
  const computed = new Map([
    [1, stream],
    [3, counted('expected')],
    [4, counted('version')],
    [9, stream],
    [10, counted('version')],
  ])
  const variables = Object.fromEntries(values.map((value, n) => [`p${n + 1}`, arrayText(value as unknown[])]))
  const statement = text.replace(/\$(\d+)/g, (_, n: string) => computed.get(Number(n)) ?? `:p${n}`)
  const own = Math.floor(STREAMS / clients)
  const counting = ['\\set stream :client_id + :clients * (:n % :own)', '\\set expected 1 + :n / :own', '\\set version :expected + 1', '\\set n :n + 1']
  return { text: `${counting.join('\n')}\n${statement.trim()};\n`, variables: { ...variables, n: 0, own, clients } }
}

/** An array in the form that PostgreSQL reads. */
function arrayText(values: readonly unknown[]): string {
  const texts = values.map((value) => (Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : value instanceof Date ? value.toISOString() : String(value)))
  return `{${texts.map((text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
}
