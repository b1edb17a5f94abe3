import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * What refresh tokens are found by beside their user and client (docs/refresh-tokens.md): session, audience, time of issue, and the devices
 * that they were issued to and last used from. Devices stand apart, since an address changes more often than anything else that is indexed
 * here, and a row of refresh_tokens must be rewritten without touching an index.
 */
export class RefreshTokenLists1763701400000 implements MigrationInterface {
  name = 'RefreshTokenLists1763701400000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`create index on refresh_tokens (session_id, id) where session_id is not null`)
    // Times of issue go up, so this one grows at its end for each client; the ids that it takes the place of are random.
    await db.query(`create index on refresh_tokens (client_id, created_at, id)`)
    await db.query(`drop index refresh_tokens_client_id_id_idx`)
    await db.query(`create index on refresh_tokens (audience, created_at, id) where audience is not null`)
    await db.query(`create index on refresh_tokens (created_at, id)`)
    await db.query(`create index on refresh_tokens (device_credential_id, id)`)
    await db.query(`drop index refresh_tokens_device_credential_id_idx`)
    // The first 8 bytes of a keyed hash: among a billion values none is likely to share them with the one that is asked for.
    await db.query(`
      create table refresh_token_devices (
        id text collate "C" primary key,
        person_key uuid,
        expires_at timestamptz,
        initial_ip bytea,
        initial_user_agent bytea,
        last_ip bytea,
        last_user_agent bytea
      )`)
    for (const column of ['initial_ip', 'initial_user_agent', 'last_ip', 'last_user_agent']) {
      await db.query(`create index on refresh_token_devices (${column}, id) where ${column} is not null`)
    }
    // For the rows that have expired.
    await db.query(`create index on refresh_tokens (expires_at) where expires_at is not null`)
    await db.query(`create index on refresh_token_devices (expires_at) where expires_at is not null`)
    // For the rows of somebody who is erased.
    await db.query(`create index on refresh_token_devices (person_key) where person_key is not null`)
    // What is worked off in the background (src/tokens/revocation).
    await db.query(`create table open_refresh_token_revocations (id text primary key, requested_at timestamptz not null)`)
    await db.query(`grant select, insert, update, delete on refresh_token_devices, open_refresh_token_revocations to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table open_refresh_token_revocations`)
    await db.query(`drop table refresh_token_devices`)
    await db.query(`drop index refresh_tokens_expires_at_idx`)
    await db.query(`create index on refresh_tokens (device_credential_id)`)
    await db.query(`drop index refresh_tokens_device_credential_id_id_idx`)
    await db.query(`drop index refresh_tokens_created_at_id_idx`)
    await db.query(`drop index refresh_tokens_audience_created_at_id_idx`)
    await db.query(`create index on refresh_tokens (client_id, id)`)
    await db.query(`drop index refresh_tokens_client_id_created_at_id_idx`)
    await db.query(`drop index refresh_tokens_session_id_id_idx`)
  }
}
