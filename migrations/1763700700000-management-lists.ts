import type { MigrationInterface, QueryRunner } from 'typeorm'

/** What the Management API finds refresh tokens by (their client, and the second id that device credentials show), and certificates of keys. */
export class ManagementLists1763700700000 implements MigrationInterface {
  name = 'ManagementLists1763700700000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`create index on refresh_tokens (client_id, id)`)
    await db.query(`alter table refresh_tokens add column device_credential_id text collate "C" generated always as ('dcr_' || substr(md5(id), 1, 16)) stored`)
    await db.query(`create index on refresh_tokens (device_credential_id)`)
    await db.query(`create index on client_grants (audience)`)
    // Made with the key, since a former key signs nothing; keys from before have none.
    await db.query(`alter table signing_keys add column certificate text`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table signing_keys drop column certificate`)
    await db.query(`drop index client_grants_audience_idx`)
    await db.query(`alter table refresh_tokens drop column device_credential_id`)
    await db.query(`drop index refresh_tokens_client_id_id_idx`)
  }
}
