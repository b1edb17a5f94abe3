import type { CommandBus, QueryBus } from '@nestjs/cqrs'
import type pg from 'pg'
import type { Config } from '../config.js'
import type { EventStore } from '../event-store/event-store.js'
import { AppointAdministrator, ChangePassword, CreateUser, FindConnection, FindUser, hashPassword, isPassword } from '../users/index.js'
import { newDatabaseUserId, newPassword } from './generated.js'
import type { Installation } from './installation.js'
import { BY_BOOTSTRAP, record } from './record.js'

interface Tools {
  readonly config: Config
  readonly pool: pg.Pool
  readonly store: EventStore
  readonly commands: CommandBus
  readonly queries: QueryBus
  readonly print: (line: string) => void
}

type Directory = { readonly id: string; readonly name: string; readonly strategy: string }

/**
 * The first dashboard administrator: whom the environment names, or one generated at the first start and printed. The environment's
 * password counts when it changed since a start last applied it: one that was changed in the dashboard is not turned back.
 */
export async function provideAdministrator(tools: Tools, { administratorId }: Installation, directoryName: string): Promise<void> {
  const { config, print, queries, store } = tools
  if (!config.admin && administratorId !== undefined) return
  const directory = await queries.execute(new FindConnection(directoryName))
  if (!directory) {
    print(`ADMIN_EMAIL: no administrator is made or changed, since the connection ${directoryName} was deleted`)
    return
  }
  if (config.admin) {
    const userId = await bringTo(tools, directory, config.admin)
    await record(store, { type: 'AdministratorProvided', data: { userId } })
    return
  }
  const admin = { email: `admin@${new URL(config.issuer).hostname}`, password: newPassword() }
  const userId = await bringTo(tools, directory, admin)
  // As with the management client: printed before it is recorded.
  print(`Dashboard administrator, shown this once: ADMIN_EMAIL=${admin.email} ADMIN_PASSWORD=${admin.password}`)
  await record(store, { type: 'AdministratorProvided', data: { userId } })
}

async function bringTo(tools: Tools, directory: Directory, admin: { email: string; password: string }): Promise<string> {
  const { commands, pool, queries } = tools
  const found = await queries.execute(new FindUser({ connectionId: directory.id, email: admin.email }))
  const applied = `${admin.email}\n${admin.password}`
  if (found) {
    await commands.execute(new AppointAdministrator(found.user_id, BY_BOOTSTRAP))
    if (await wasApplied(pool, applied)) return found.user_id
    await commands.execute(new ChangePassword(found.user_id, admin.password, BY_BOOTSTRAP))
    await setApplied(pool, applied)
    return found.user_id
  }
  const userId = newDatabaseUserId()
  await commands.execute(new CreateUser({ ...admin, userId, connection: directory, emailVerified: true, administrator: true }, BY_BOOTSTRAP))
  await setApplied(pool, applied)
  return userId
}

async function wasApplied(pool: pg.Pool, applied: string): Promise<boolean> {
  const { rows } = await pool.query<{ administrator_hash: string }>('select administrator_hash from installation')
  return rows[0] !== undefined && isPassword(rows[0].administrator_hash, applied)
}

async function setApplied(pool: pg.Pool, applied: string): Promise<void> {
  await pool.query(
    `insert into installation (id, administrator_hash) values ('tenant', $1) on conflict (id) do update set administrator_hash = excluded.administrator_hash`,
    [await hashPassword(applied)],
  )
}
