import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'
import { migrate, MissingRoleError } from '../../src/database/migrate.js'
import { createOwnerClient } from '../../src/database/pool.js'

/* A server of the operator's own: the user of DATABASE_URL owns the database, and nothing else. Roles belong to the cluster, so it is one of its own. */
let dir: string
let server: EmbeddedPostgres
let superuser: pg.Client
let url: string
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'evergrant-role-'))
  server = await startEmbeddedPostgres({ dir: path.join(dir, 'postgres'), settings: { fsync: 'off' } })
  superuser = createOwnerClient(server.url('postgres'))
  await superuser.connect()
  await superuser.query('create role "app-owner" login')
  await superuser.query('create database evergrant owner "app-owner"')
  url = server.url('evergrant').replace('postgres@', 'app-owner@')
})
afterAll(async () => {
  await superuser.end()
  await server.stop()
  await rm(dir, { recursive: true, force: true })
})

it('says what a superuser is to run, as far as it is needed, and starts after that', async () => {
  const refusal = async (): Promise<string> => {
    const error: unknown = await migrate(url).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(MissingRoleError)
    return (error as Error).message
  }
  const missing = 'create role evergrant_app nologin; grant evergrant_app to "app-owner"'
  expect(await refusal()).toBe(`DATABASE_URL: its user app-owner may not create the role evergrant_app; as a superuser run: ${missing}`)
  const [create, grant] = missing.split('; ') as [string, string]
  await superuser.query(create)
  expect(await refusal()).toBe(`DATABASE_URL: its user app-owner is no member of the role evergrant_app, which exists; as a superuser run: ${grant}`)
  await superuser.query(grant)
  await migrate(url)
})
