import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Second step: all rows so far are read, while others read and write them. */
export class TenantLogBoundChecked1763703610000 implements MigrationInterface {
  name = 'TenantLogBoundChecked1763703610000'

  async up(db: QueryRunner): Promise<void> {
    const [{ name }] = (await db.query(
      `select conname as name from pg_constraint where conrelid = 'tenant_logs'::regclass and conname like 'tenant_logs_before_%'`,
    )) as [{ name: string }]
    await db.query(`alter table tenant_logs validate constraint ${name}`)
  }

  /** What is known of the rows may stay known. */
  down(): Promise<void> {
    return Promise.resolve()
  }
}
