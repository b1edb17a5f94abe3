import { Module } from '@nestjs/common'
import type { INestApplicationContext } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { CommandBus, CqrsModule, QueryBus } from '@nestjs/cqrs'
import { AuditModule } from '../../src/audit/audit.module.js'
import { AuthorizationModule, ChangeClient, client, CLIENT_DEFAULTS, CreateClient, FindClient } from '../../src/authorization/index.js'
import { ConfigModule } from '../../src/config.module.js'
import { DatabaseModule } from '../../src/database/database.module.js'
import { createOwnerClient } from '../../src/database/pool.js'
import { EventStore } from '../../src/event-store/event-store.js'
import { EventStoreModule } from '../../src/event-store/event-store.module.js'
import { KeysModule } from '../../src/keys/keys.module.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { CreateConnection, CreateUser, DeleteUser, FindUser, user, UsersModule } from '../../src/users/index.js'
import { configFor } from '../support/bootstrapped.js'
import { databaseUrl } from '../support/own-database.js'
import { dumpTables, formsOf } from '../support/dump.js'

@Module({
  imports: [ConfigModule.for(configFor(databaseUrl)), DatabaseModule, EventStoreModule, KeysModule, AuditModule, CqrsModule, UsersModule, AuthorizationModule],
})
class ConfigurationApp {}

const BY_TEST = { actor: 'test' }
const owner = createOwnerClient(databaseUrl)
let app: INestApplicationContext
let commands: CommandBus
let queries: QueryBus

beforeAll(async () => {
  await owner.connect()
  app = await NestFactory.createApplicationContext(ConfigurationApp, { logger: false, abortOnError: false })
  commands = app.get(CommandBus)
  queries = app.get(QueryBus)
})
afterAll(async () => {
  await app.close()
  await owner.end()
})

describe('a client', () => {
  const document = { ...CLIENT_DEFAULTS, client_id: 'client-1', name: 'App' }

  it('is created once by callers at the same time, with the secret of the one who did', async () => {
    const outcomes = await Promise.all(['s-0', 's-1', 's-2'].map((secret) => commands.execute(new CreateClient(document, secret, BY_TEST))))
    expect([...outcomes].sort()).toEqual(['created', 'exists', 'exists'])
    const found = await queries.execute(new FindClient({ clientId: 'client-1' }))
    expect(found).toEqual({ document, secret: `s-${outcomes.indexOf('created')}`, credentials: [] })
  })

  it('has in its row what its stream says after any number of changes at the same time', async () => {
    await Promise.all(Array.from({ length: 12 }, (_, n) => commands.execute(new ChangeClient('client-1', { [`member_${n}`]: n, name: `App ${n}` }, BY_TEST))))
    const { state } = await app.get(EventStore).read(client, 'client-1')
    const found = await queries.execute(new FindClient({ clientId: 'client-1' }))
    expect(state).toEqual({ status: 'present', client: found!.document, credentials: [] })
    expect(found!.document).toMatchObject({ member_0: 0, member_11: 11 })
  })

  it('is unknown to FindClient under another id, and not changed', async () => {
    expect(await queries.execute(new FindClient({ clientId: 'nobody' }))).toBeUndefined()
    expect(await commands.execute(new ChangeClient('nobody', { name: 'x' }, BY_TEST))).toBe('absent')
  })

  it('takes its events back when its row cannot be written', async () => {
    await commands.execute(new CreateClient({ ...document, client_id: 'all-1', global: true }, 'x', BY_TEST))
    expect(await commands.execute(new CreateClient({ ...document, client_id: 'all-2', global: true }, 'x', BY_TEST))).toBe('exists')
    expect(await app.get(EventStore).read(client, 'all-2')).toMatchObject({ version: 0 })
  })
})

describe('a user', () => {
  const email = 'Böb.Planted@Example.test'
  const fresh = { userId: 'auth0|b0b', connection: { id: 'con_1', name: 'db', strategy: 'auth0' }, email, emailVerified: false, password: 'planted-password' }

  it('needs a connection that is there', async () => {
    expect(await commands.execute(new CreateUser(fresh, BY_TEST))).toBe('no-connection')
    const document = { id: 'con_1', name: 'db', strategy: 'auth0', options: {}, realms: ['db'], enabled_clients: [], is_domain_connection: false }
    expect(await commands.execute(new CreateConnection(document, BY_TEST))).toBe('created')
  })

  it('is found by an address in any spelling, in its own connection only', async () => {
    expect(await commands.execute(new CreateUser(fresh, BY_TEST))).toBe('created')
    expect(await commands.execute(new CreateUser({ ...fresh, userId: 'auth0|other', email: email.toUpperCase() }, BY_TEST))).toBe('exists')
    const found = await queries.execute(new FindUser({ connectionId: 'con_1', email: ` ${email.toLowerCase()} ` }))
    expect(found).toMatchObject({ user_id: 'auth0|b0b', administrator: false })
    expect(found).not.toHaveProperty('password_hash')
    expect(await app.get(PersonKeys).open(found!.document.email!)).toBe(email.toLowerCase())
    expect(await queries.execute(new FindUser({ connectionId: 'con_2', email }))).toBeUndefined()
  })

  it('leaves no readable byte, and no way to find it, once deleted; the id may be used again', async () => {
    const before = (await queries.execute(new FindUser({ userId: 'auth0|b0b' })))!.document
    await commands.execute(new DeleteUser('auth0|b0b', BY_TEST))
    await commands.execute(new DeleteUser('auth0|b0b', BY_TEST))
    expect(await queries.execute(new FindUser({ userId: 'auth0|b0b' }))).toBeUndefined()
    const rows = await dumpTables(owner)
    for (const form of [email, email.toLowerCase(), 'böb.planted', 'planted-password'].flatMap(formsOf))
      expect(rows.filter(({ row }) => row.includes(form))).toEqual([])
    expect(await app.get(PersonKeys).open(before.email!)).toBeUndefined()
    expect((await owner.query('select 1 from person_keys where person_id = $1', ['auth0|b0b'])).rowCount).toBe(0)

    expect(await commands.execute(new CreateUser(fresh, BY_TEST))).toBe('created')
    const { state } = await app.get(EventStore).read(user, 'auth0|b0b')
    expect(state.status === 'present' && (await app.get(PersonKeys).open(state.profile.email!))).toBe(email.toLowerCase())
    expect(await app.get(PersonKeys).open(before.email!)).toBeUndefined()
  })
})
