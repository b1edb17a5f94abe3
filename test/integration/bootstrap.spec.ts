import type pg from 'pg'
import { clientGrant, MANAGEMENT_SCOPES } from '../../src/authorization/index.js'
import { createOwnerClient, createPool } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { RootKeys } from '../../src/keys/root-key.js'
import { isPassword } from '../../src/users/index.js'
import { bootstrapped, ENCRYPTION_KEY } from '../support/bootstrapped.js'
import { freshDatabase } from '../support/database.js'
import { dumpTables, formsOf } from '../support/dump.js'

const rootKeys = new RootKeys([Buffer.from(ENCRYPTION_KEY, 'base64')])
const open: { end(): Promise<void> }[] = []
afterEach(() => Promise.all(open.splice(0).map((client) => client.end())))

async function database(): Promise<{ url: string; owner: pg.Client }> {
  const url = await freshDatabase()
  const owner = createOwnerClient(url)
  await owner.connect()
  open.push(owner)
  return { url, owner }
}

const list = async <T>(owner: pg.Client, sql: string): Promise<T[]> => (await owner.query<{ v: T }>(sql)).rows.map(({ v }) => v)
const clients = (owner: pg.Client): Promise<Record<string, unknown>[]> => list(owner, `select document as v from clients order by created_at`)
const eventCount = async (owner: pg.Client): Promise<number> => (await list<number>(owner, 'select count(*) as v from events'))[0]!

async function secretOf(owner: pg.Client, clientId: string): Promise<string> {
  const [encrypted] = await list<string>(owner, `select encrypted_secret as v from clients where client_id = '${clientId}'`)
  return rootKeys.decrypt('client-secret', encrypted!, clientId).toString()
}

const ENV = {
  MANAGEMENT_CLIENT_ID: 'mgmt',
  MANAGEMENT_CLIENT_SECRET: 'management-secret-1',
  ADMIN_EMAIL: 'Ann.Planted@example.test',
  ADMIN_PASSWORD: 'planted-password-1',
}

describe('the first start', () => {
  it('provides what the contract promises', async () => {
    const { url, owner } = await database()
    const lines = await bootstrapped(url)
    const [connection] = await list<Record<string, unknown>>(owner, 'select document as v from connections')
    expect(connection).toMatchObject({ name: 'Username-Password-Authentication', strategy: 'auth0', id: expect.stringMatching(/^con_[A-Za-z0-9]{16}$/) })
    expect(await list(owner, 'select document as v from tenant_settings')).toEqual([{ default_directory: 'Username-Password-Authentication' }])
    const [api] = await list<Record<string, unknown>>(owner, 'select document as v from resource_servers')
    expect(api).toMatchObject({ identifier: 'http://localhost:3000/api/v2/', name: 'Auth0 Management API', is_system: true, signing_alg: 'RS256' })
    expect((api!['scopes'] as { value: string }[]).map(({ value }) => value)).toEqual(MANAGEMENT_SCOPES)
    const [all, management] = await clients(owner)
    expect(all).toMatchObject({ name: 'All Applications', global: true })
    expect(management).toMatchObject({ name: expect.any(String), global: false, grant_types: ['client_credentials'] })
    expect(await list(owner, 'select document as v from client_grants')).toEqual([
      {
        id: expect.stringMatching(/^cgr_/),
        client_id: management!['client_id'],
        audience: api!['identifier'],
        scope: MANAGEMENT_SCOPES,
        subject_type: 'client',
      },
    ])
    expect(await list(owner, 'select administrator as v from users')).toEqual([true])
    expect(await list(owner, 'select status as v from signing_keys order by 1')).toEqual(['current', 'next'])
    expect(await list(owner, 'select count(*) as v from log_keys')).toEqual([1])

    expect(lines).toHaveLength(2)
    const [, id, secret] = /MANAGEMENT_CLIENT_ID=(\w{32}) MANAGEMENT_CLIENT_SECRET=([\w-]{64})$/.exec(lines[0]!)!
    expect(id).toBe(management!['client_id'])
    expect(await secretOf(owner, id!)).toBe(secret)
    const [, email, password] = /ADMIN_EMAIL=(\S+) ADMIN_PASSWORD=(\S+)$/.exec(lines[1]!)!
    expect(email).toBe('admin@localhost')
    const [hash] = await list<string>(owner, 'select password_hash as v from users')
    expect(hash).toMatch(/^\$argon2id\$/)
    expect(await isPassword(hash!, password!)).toBe(true)
  })

  it('changes nothing and prints nothing when it is repeated', async () => {
    const { url, owner } = await database()
    await bootstrapped(url)
    const [before, events] = [await dumpTables(owner), await eventCount(owner)]
    expect(await bootstrapped(url)).toEqual([])
    expect(await eventCount(owner)).toBe(events)
    expect(await dumpTables(owner)).toEqual(before)
  })

  it('happens once when replicas start at once', async () => {
    const { url, owner } = await database()
    const printed = await Promise.all([bootstrapped(url), bootstrapped(url), bootstrapped(url)])
    expect(printed.flat()).toHaveLength(2)
    expect(await clients(owner)).toHaveLength(2)
    for (const table of ['connections', 'resource_servers', 'client_grants', 'users', 'log_keys']) {
      expect(await list(owner, `select count(*) as v from ${table}`)).toEqual([1])
    }
  })

  it('does not give back what an operator deleted', async () => {
    const { url, owner } = await database()
    await bootstrapped(url)
    await owner.query(`delete from clients where document->'global' = 'false'`)
    await owner.query(`delete from connections`)
    expect(await bootstrapped(url)).toEqual([])
    expect(await clients(owner)).toHaveLength(1)
    expect(await list(owner, 'select count(*) as v from connections')).toEqual([0])
  })
})

describe('what the environment says', () => {
  it('is what is made, and is not printed', async () => {
    const { url, owner } = await database()
    expect(await bootstrapped(url, ENV)).toEqual([])
    expect((await clients(owner)).map(({ client_id }) => client_id)).toContain('mgmt')
    expect(await secretOf(owner, 'mgmt')).toBe('management-secret-1')
    const [hash] = await list<string>(owner, 'select password_hash as v from users')
    expect(await isPassword(hash!, 'planted-password-1')).toBe(true)
  })

  it('is in the database in no readable form, and in no event', async () => {
    const { url, owner } = await database()
    await bootstrapped(url, ENV)
    const rows = await dumpTables(owner)
    const secrets = [ENV.MANAGEMENT_CLIENT_SECRET, ENV.ADMIN_PASSWORD, ENV.ADMIN_EMAIL, ENV.ADMIN_EMAIL.toLowerCase(), 'ann.planted']
    for (const form of secrets.flatMap(formsOf)) expect(rows.filter(({ row }) => row.includes(form))).toEqual([])
    for (const { row } of rows.filter(({ table }) => /^(events|streams)/.test(table))) expect(row).not.toMatch(/rk1\.|\$argon2/)
  })

  it('replaces a changed client secret and a changed administrator password at the next start', async () => {
    const { url, owner } = await database()
    await bootstrapped(url, ENV)
    await bootstrapped(url, { ...ENV, MANAGEMENT_CLIENT_SECRET: 'management-secret-2', ADMIN_PASSWORD: 'planted-password-2' })
    expect(await secretOf(owner, 'mgmt')).toBe('management-secret-2')
    const [hash] = await list<string>(owner, 'select password_hash as v from users')
    expect(await isPassword(hash!, 'planted-password-2')).toBe(true)
    expect(await list(owner, `select type as v from events where type in ('ClientSecretChanged', 'PasswordChanged')`)).toEqual(
      expect.arrayContaining(['ClientSecretChanged', 'PasswordChanged']),
    )
  })

  it('does not turn back a password that was changed since', async () => {
    const { url, owner } = await database()
    await bootstrapped(url, ENV)
    await owner.query(`update users set password_hash = 'changed in the dashboard'`)
    await bootstrapped(url, ENV)
    expect(await list(owner, 'select password_hash as v from users')).toEqual(['changed in the dashboard'])
  })

  it('adds to a generated installation, and finds the address in any spelling', async () => {
    const { url, owner } = await database()
    await bootstrapped(url)
    await bootstrapped(url, ENV)
    await bootstrapped(url, { ...ENV, ADMIN_EMAIL: 'ANN.PLANTED@EXAMPLE.TEST' })
    expect(await clients(owner)).toHaveLength(3)
    expect(await list(owner, 'select administrator as v from users')).toEqual([true, true])
    expect(await list(owner, 'select count(*) as v from client_grants')).toEqual([2])
  })

  it('survives a change of ENCRYPTION_KEY that keeps the old key in the list', async () => {
    const { url, owner } = await database()
    await bootstrapped(url, ENV)
    const rotated = `${Buffer.alloc(32, 7).toString('base64')},${ENCRYPTION_KEY}`
    expect(await bootstrapped(url, { ...ENV, ENCRYPTION_KEY: rotated })).toEqual([])
    expect(await list(owner, 'select count(*) as v from users')).toEqual([1])
    await expect(bootstrapped(url, { ...ENV, ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') })).rejects.toThrow(
      `ENCRYPTION_KEY: the key with id ${rootKeys.newestId}, which data in log_keys, data_keys, signing_keys, person_keys, clients is encrypted under, is not in the list`,
    )
  })

  it('names the table where one alone is under a key that is missing', async () => {
    const { url, owner } = await database()
    await bootstrapped(url, ENV)
    const other = new RootKeys([Buffer.alloc(32, 7)])
    const refused = (table: string) => `ENCRYPTION_KEY: the key with id ${other.newestId}, which data in ${table} is encrypted under, is not in the list`
    const id = '00000000-0000-4000-8000-000000000000'
    await owner.query(`insert into person_keys (id, person_id, encrypted_key) values ($1, 'auth0|jane', $2)`, [id, other.encrypt('person-key', 'key', id)])
    await expect(bootstrapped(url, ENV)).rejects.toThrow(refused('person_keys'))
    await owner.query('delete from person_keys where id = $1', [id])
    const secrets = { httpAuthorization: other.encrypt('log-stream-secret', 'secret', 'lst_1\nhttpAuthorization') }
    await owner.query(`insert into log_streams (id, document, secrets, created_at, updated_at) values ('lst_1', '{}', $1, now(), now())`, [secrets])
    await expect(bootstrapped(url, ENV)).rejects.toThrow(refused('log_streams'))
    await owner.query('delete from log_streams')
    expect(await bootstrapped(url, ENV)).toEqual([])
  })
})

describe('configuration', () => {
  it('has in its tables what its streams say', async () => {
    const { url } = await database()
    await bootstrapped(url, ENV)
    const pool = createPool(url, 2)
    open.push(pool)
    const { rows } = await pool.query<{ id: string; document: object }>('select id, document from client_grants')
    const { state } = await new EventStore(pool).read(clientGrant, rows[0]!.id)
    expect(state).toEqual({ status: 'present', clientGrant: rows[0]!.document })
    const [event] = await new EventStore(pool).history(clientGrant, rows[0]!.id)
    expect(event!.metadata.actor).toBe('bootstrap')
  })
})
