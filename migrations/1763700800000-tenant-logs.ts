import type { MigrationInterface, QueryRunner } from 'typeorm'

/** The log as Auth0 shows it (src/management/logs/tenant-logs.projection.ts). One plain table: `rebuild` exchanges tables as a whole. */
export class TenantLogs1763700800000 implements MigrationInterface {
  name = 'TenantLogs1763700800000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table tenant_logs (
        log_id text collate "C" primary key,
        date timestamptz not null,
        type text collate "C" not null,
        description text collate "C",
        connection text collate "C",
        client_id text collate "C",
        user_id text collate "C",
        audience text collate "C",
        scope jsonb,
        hostname text collate "C",
        organization_id text collate "C",
        auth0_client jsonb,
        correlation_id text,
        details jsonb not null,
        origin text,
        user_name text,
        person_key uuid,
        ip_lookup bytea,
        user_agent_lookup bytea,
        user_name_lookup bytea
      )`)
    // Without the long log_id behind the date: of the few rows alike in both, an incremental sort makes an order.
    await db.query(`create index on tenant_logs (date)`)
    for (const column of ['type', 'client_id', 'user_id', 'ip_lookup']) {
      await db.query(`create index on tenant_logs (${column}, date) where ${column} is not null`)
    }
    await db.query(`create index on tenant_logs (user_name_lookup) where user_name_lookup is not null`)
    // For the rows of somebody who is erased.
    await db.query(`create index on tenant_logs (person_key) where person_key is not null`)
    await db.query(`grant select, insert, update, delete on tenant_logs to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table tenant_logs`)
  }
}
