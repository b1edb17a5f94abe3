import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * First of three steps that make the log a partitioned table without holding it for long (docs/adr/0016-retention.md): the rows so far get an upper
 * bound, some days ahead, which the last step needs to be known of all of them. New rows are checked from here on; nothing is read.
 */
export class TenantLogBound1763703600000 implements MigrationInterface {
  name = 'TenantLogBound1763703600000'

  async up(db: QueryRunner): Promise<void> {
    const [{ bound }] = (await db.query(
      `select to_char(greatest(to_date(substring(max(log_id) from 4 for 8), 'YYYYMMDD'), (now() at time zone 'UTC')::date) + 3, 'YYYYMMDD') as bound from tenant_logs`,
    )) as [{ bound: string }]
    await db.query(`alter table tenant_logs add constraint tenant_logs_before_${bound} check (log_id < '900${bound}') not valid`)
  }

  async down(db: QueryRunner): Promise<void> {
    const [found] = (await db.query(
      `select conname as name from pg_constraint where conrelid = 'tenant_logs'::regclass and conname like 'tenant_logs_before_%'`,
    )) as [{ name: string } | undefined]
    if (found) await db.query(`alter table tenant_logs drop constraint ${found.name}`)
  }
}
