import { randomBytes } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { ManagementError } from '../../http/management-error.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { WithdrawConsentsOf } from '../../authorization/index.js'
import { RevokeRefreshTokens } from '../../tokens/index.js'
import { type Attributes, ChangeUser, CreateUser, DeleteUser, FindConnection, FindUser, openProfiles, type UserChanges } from '../../users/index.js'
import { actsOn, type CallerOf, insufficientScope } from '../caller.js'
import { LiftBlocks } from './lift-blocks.js'
import { absentUser } from './user-access.js'
import { checkChanges, checkNewUser } from './user-rules.js'
import { ATTRIBUTES, type CreateUserBody, type UpdateUserBody } from './users.dto.js'

/** Makes, changes and deletes users for the Management API. Errors: ManagementError. */
@Injectable()
export class WriteUsers {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly keys: PersonKeys,
    private readonly blocks: LiftBlocks,
  ) {}

  /** Answers the id. */
  async create(body: CreateUserBody, context: Context): Promise<string> {
    const connection = await this.queries.execute(new FindConnection(body.connection))
    if (!connection) throw new ManagementError(400, 'Connection does not exist.', 'inexistent_connection')
    checkNewUser(connection, body)
    const userId = `${connection.strategy}|${body.user_id ?? randomBytes(12).toString('hex')}`
    const fresh = { userId, connection, attributes: attributesOf(body) as Attributes, ...(body.password !== undefined && { password: body.password }) }
    const created = await this.commands.execute(new CreateUser(fresh, { ...context, userId, connection: connection.name }))
    if (created === 'exists') throw new ManagementError(409, 'The user already exists.', 'auth0_idp_error')
    if (created === 'no-connection') throw new ManagementError(400, 'Connection does not exist.', 'inexistent_connection')
    return userId
  }

  async update(id: string, body: UpdateUserBody, caller: CallerOf): Promise<void> {
    checkScopes(id, body, caller)
    const found = await this.queries.execute(new FindUser({ userId: id }))
    if (!found) throw absentUser()
    const [identity] = found.document.identities
    await this.#checkConnection(body, found.document.identities)
    const [before] = await openProfiles(this.keys, [found.document])
    checkChanges(await this.queries.execute(new FindConnection(identity.connection)), identity.provider, before!, body)
    const context = { ...caller.context, userId: id, connection: identity.connection }
    const { result } = await this.commands.execute(new ChangeUser(id, { attributes: changesOf(body), password: body.password ?? undefined }, context))
    if (result === 'absent') throw absentUser()
    if (result === 'exists') throw new ManagementError(400, `The specified new ${identifierIn(body)} already exists`, 'auth0_idp_error')
    if (typeof body.password !== 'string') return
    // Who was closed out may try the new one at once.
    await this.blocks.lift({ userId: id }, context)
    await this.commands.execute(new RevokeRefreshTokens({ userId: id }, 'password-changed', context))
  }

  /** With refresh tokens and grants, before the answer; reactors finish what the process does not. */
  async delete(id: string, context: Context): Promise<void> {
    const isThere = (await this.queries.execute(new FindUser({ userId: id }))) !== undefined
    await this.commands.execute(new DeleteUser(id, { ...context, userId: id }))
    if (!isThere) return
    await this.commands.execute(new RevokeRefreshTokens({ userId: id }, 'user-deleted', context))
    await this.commands.execute(new WithdrawConsentsOf({ userId: id }, 'user-deleted', context))
  }

  /** A connection that is named is the one whose account is meant. */
  async #checkConnection({ connection }: UpdateUserBody, identities: readonly { readonly connection: string }[]): Promise<void> {
    if (connection === undefined || identities[0]?.connection === connection) return
    if (!(await this.queries.execute(new FindConnection(connection)))) throw new ManagementError(400, 'Connection does not exist.', 'inexistent_connection')
    throw new ManagementError(400, 'Connection is not supported for this operation.', 'operation_not_supported')
  }
}

/** Narrower scopes than update:users change metadata alone, and one of them that of the own user. */
function checkScopes(id: string, body: UpdateUserBody, caller: CallerOf): void {
  actsOn(caller, id, 'update:users', 'update:users_app_metadata')
  if (caller.scopes.has('update:users')) return
  const mayApp = caller.scopes.has('update:users_app_metadata')
  const mayOwn = caller.userId === id && caller.scopes.has('update:current_user_metadata')
  const beyond = Object.keys(body).filter((member) => !(member === 'app_metadata' && mayApp) && !(member === 'user_metadata' && mayOwn))
  if (beyond.length > 0) throw insufficientScope({ mode: 'any', scopes: ['update:users'] })
}

const attributesOf = (body: CreateUserBody | UpdateUserBody): UserChanges =>
  Object.fromEntries(ATTRIBUTES.filter((member) => body[member] !== undefined).map((member) => [member, body[member]]))

/** An empty object takes all metadata away, as Auth0 has it; one with members is merged with what is there. */
function changesOf(body: UpdateUserBody): UserChanges {
  const changes = attributesOf(body)
  const cleared = (['user_metadata', 'app_metadata'] as const).filter((member) => Object.keys(changes[member] ?? { any: true }).length === 0)
  return { ...changes, ...Object.fromEntries(cleared.map((member) => [member, null])) }
}

const identifierIn = ({ username, phone_number }: UpdateUserBody): string =>
  typeof username === 'string' ? 'username' : typeof phone_number === 'string' ? 'phone number' : 'email'
