import pg from 'pg'
import { APP_ROLE, createOwnerClient } from './pool.js'

/** Any number: one process at a time prepares a database. */
const MIGRATION_LOCK = 7_230_115

/**
 * Brings the database to this version: the service's role, all migrations, the log's epoch and the coming months' partitions.
 * Safe to call from several starting processes at once. The URL's user must own the database.
 * Errors: MissingRoleError where the user may neither use the role nor help itself.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const owner = createOwnerClient(databaseUrl)
  await owner.connect()
  try {
    await owner.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await ensureAppRole(owner)
    // Only who migrates loads TypeORM: it would be the largest part of every process.
    const { createDataSource } = await import('./data-source.js')
    const dataSource = await createDataSource(databaseUrl).initialize()
    try {
      await dataSource.runMigrations()
    } finally {
      await dataSource.destroy()
    }
    await ensureEpoch(owner)
    await ensureEventPartitions(owner)
  } finally {
    await owner.end()
  }
}

/** The user may not make the role, or itself a member of it: tells the operator what to run. */
export class MissingRoleError extends Error {
  constructor(user: string, exists: boolean) {
    const grant = `grant ${APP_ROLE} to ${pg.escapeIdentifier(user)}`
    super(
      exists
        ? `DATABASE_URL: its user ${user} is no member of the role ${APP_ROLE}, which exists; as a superuser run: ${grant}`
        : `DATABASE_URL: its user ${user} may not create the role ${APP_ROLE}; as a superuser run: create role ${APP_ROLE} nologin; ${grant}`,
    )
  }
}

async function ensureAppRole(owner: pg.Client): Promise<void> {
  const usable = `select pg_has_role(current_user, oid, 'member') as usable, current_user as user from pg_roles where rolname = $1`
  const [role] = (await owner.query<{ usable: boolean }>(usable, [APP_ROLE])).rows
  if (role?.usable) return
  try {
    // Roles belong to the cluster: another database's Evergrant may make it in the same moment.
    if (!role) await owner.query(`create role ${APP_ROLE} nologin`).catch(ignore('42710', '23505'))
    await owner.query(`grant ${APP_ROLE} to current_user`)
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error
    const { rows } = await owner.query<{ user: string }>('select current_user as user')
    throw new MissingRoleError(rows[0]!.user, role !== undefined)
  }
}

/**
 * Transaction ids order the log, and a dump restored into another cluster meets ids that start anew.
 * So each cluster that the log has lived in is an epoch of its own, set as a constant default that costs an append nothing.
 */
export async function ensureEpoch(owner: pg.Client): Promise<number> {
  const { rows } = await owner.query<{ system_identifier: string; epoch: number | null; known: string | null }>(`
    select (select system_identifier::text from pg_control_system()) as system_identifier, last.epoch, last.system_identifier as known
    from (select 1) as one left join (select epoch, system_identifier from epochs order by epoch desc limit 1) as last on true`)
  const { system_identifier: here, epoch, known } = rows[0]!
  if (known === here) return epoch!
  const next = (epoch ?? 0) + 1
  await owner.query('begin')
  await owner.query('insert into epochs (epoch, system_identifier) values ($1, $2)', [next, here])
  await owner.query(`alter table events alter column epoch set default ${next}`)
  await owner.query('commit')
  return next
}

/**
 * Partitions for this month and the next two; the background process repeats this daily. PostgreSQL makes one when nobody reads the log, and all
 * appends wait behind that: false where a reader takes long, such as a backup or `verify`, and it is to be tried again later.
 */
export async function ensureEventPartitions(db: Pick<pg.Client, 'query'>): Promise<boolean> {
  try {
    await db.query(`
      with patience as materialized (select set_config('lock_timeout', '${LOCK_MS}ms', true))
      select create_event_partition((current_date + make_interval(months => n))::date) from patience, generate_series(0, 2) as n`)
    return true
  } catch (error) {
    if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error
    return false
  }
}

/** So long appends may wait for a new partition. */
const LOCK_MS = 200
const LOCK_NOT_AVAILABLE = '55P03'

const ignore =
  (...codes: string[]) =>
  (error: { code?: string }): void => {
    if (!codes.includes(error.code ?? '')) throw error as Error
  }
