import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** PostgreSQL's code for a database that is not there. */
export const MISSING_TEMPLATE = '3D000'

const urlOf = (name: string): string => process.env['TEST_POSTGRES_URL']!.replace('{database}', name)

/**
 * Connection string of a new database, a copy of `template`: by default migrated and otherwise empty (25–60 ms).
 * Nothing needs to be dropped: the server is thrown away after the run.
 */
export async function freshDatabase(template = 'template_evergrant'): Promise<string> {
  const name = `t_${randomUUID().replaceAll('-', '')}`
  await asAdmin((admin) => admin.query(`create database ${name} template ${template}`))
  return urlOf(name)
}

/** Makes a database that everybody has left the template `name`: it is copied only while nobody is connected to it. */
export async function makeTemplate(databaseUrl: string, name: string): Promise<void> {
  const former = new URL(databaseUrl).pathname.slice(1)
  await asAdmin(async (admin) => {
    await admin.query(`alter database ${former} allow_connections false`)
    // A closed connection's backend lingers a moment.
    for (;;) {
      const { rows } = await admin.query(`select 1 from pg_stat_activity where datname = $1`, [former])
      if (rows.length === 0) break
    }
    await admin.query(`alter database ${former} rename to ${name}`)
  })
}

async function asAdmin(work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client(urlOf('postgres'))
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}
