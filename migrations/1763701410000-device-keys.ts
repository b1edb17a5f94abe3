import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Public keys that people's devices registered (src/users/device-key). They go with their person. */
export class DeviceKeys1763701410000 implements MigrationInterface {
  name = 'DeviceKeys1763701410000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table device_keys (
        id text collate "C" primary key,
        user_id text collate "C" not null references users on delete cascade,
        client_id text collate "C",
        device_lookup bytea not null,
        device text not null,
        created_at timestamptz not null,
        unique (user_id, device_lookup)
      )`)
    await db.query(`create index on device_keys (client_id, id) where client_id is not null`)
    await db.query(`grant select, insert, update, delete on device_keys to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table device_keys`)
  }
}
