import { Body, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { FindClient } from '../../authorization/index.js'
import { ManagementError } from '../../http/management-error.js'
import { type DeviceCredential, FindDeviceCredentials, RevokeRefreshToken } from '../../tokens/index.js'
import { AddDeviceKey, DeleteDeviceKey, FindDeviceKeys } from '../../users/index.js'
import { actsOn, Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { pick, readFields } from '../paging/fields.js'
import { offsetAnswer, offsetRequest, type OffsetRequest } from '../paging/page.js'
import { behind } from '../refresh-tokens/behind.js'
import { DEVICE_CREDENTIAL_ID } from '../refresh-tokens/formats.js'
import { FIELDS, PAGES, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import { oneOf, type QueryParameters, text } from '../validation/query.js'
import { refusedBody, validBody } from '../validation/valid-body.js'
import { CreateDeviceCredential } from './device-credentials.dto.js'
import { ShowDeviceCredentials } from './show-device-credentials.js'

const TYPES = ['public_key', 'refresh_token', 'rotating_refresh_token'] as const
/** All that is shown to whoever does not page. */
const MAX = 1000

/** Refresh tokens as the older API shows them, under ids of its own, and public keys of devices (spec/management-api.md §2.8). */
@ManagementController('device-credentials')
export class DeviceCredentialsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly show: ShowDeviceCredentials,
  ) {}

  /** Whoever pages and names no type means refresh tokens that do not rotate. */
  @Get()
  @Scopes('read:device_credentials')
  @Parameters('user_id', 'client_id', 'type', ...PAGES, ...FIELDS)
  async list(@Query() query: QueryParameters, @Res({ passthrough: true }) res: Response): Promise<object> {
    const pages = text(query, 'page') !== undefined || text(query, 'per_page') !== undefined
    const asked = offsetRequest(query)
    const request: OffsetRequest = pages || asked.totals ? asked : { ...asked, limit: MAX }
    const type = oneOf(query, 'type', TYPES) ?? (pages ? 'refresh_token' : undefined)
    const fields = readFields(query)
    const of = { userId: text(query, 'user_id'), clientId: text(query, 'client_id') }
    const tokens = type === 'public_key' ? [] : await this.#tokens(of, type, res)
    const keys = type === undefined || type === 'public_key' ? await this.queries.execute(new FindDeviceKeys(of)) : []
    const [from, to] = [request.offset, request.offset + request.limit]
    const shown = [
      ...(await this.show.tokens(tokens.slice(from, to))),
      ...(await this.show.keys(keys.slice(Math.max(0, from - tokens.length), Math.max(0, Math.min(MAX, to) - tokens.length)))),
    ]
    const total = Math.min(tokens.length + keys.length, MAX)
    return offsetAnswer(
      request,
      'device_credentials',
      shown.map((credential) => pick(credential, fields)),
      total,
    )
  }

  /** For people with a token of their own: the public key of a device of theirs. */
  @Post()
  @HttpCode(201)
  @Scopes('create:current_user_device_credentials')
  @Operation('Create a device credential', { personal: true })
  async create(@Body(validBody(CreateDeviceCredential)) body: CreateDeviceCredential, @Caller() caller: CallerOf): Promise<object> {
    if (caller.userId === undefined) throw new ManagementError(403, 'The account is not allowed to perform this operation.', 'operation_not_supported')
    const { client_id: clientId, device_name: name, device_id: id, value: key } = body
    if (clientId !== undefined && !(await this.queries.execute(new FindClient({ clientId })))) {
      throw refusedBody('Client not found.')
    }
    const added = await this.commands.execute(new AddDeviceKey(caller.userId, clientId ?? null, { name, id, key }, caller.context))
    // Deleted since the token was looked at.
    if (added === 'no-user') throw new ManagementError(401, 'Invalid token')
    if (added === 'exists') throw new ManagementError(409, 'A public key already exists for the device.', 'conflict')
    return added
  }

  /** Also for an id that is not there (any more). Errors: ManagementError 503 while nobody can tell whether it is. */
  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:device_credentials', 'delete:current_user_device_credentials')
  @Operation('Delete a device credential')
  async delete(@Param('id') id: string, @Caller() caller: CallerOf): Promise<void> {
    if (!DEVICE_CREDENTIAL_ID.test(id)) {
      const detail = `String does not match pattern ^dcr_[A-Za-z0-9]{16}$: ${id.slice(0, 100)}`
      throw new ManagementError(400, `Path validation error: '${detail}' on property id (The id of the credential to delete).`, 'invalid_uri')
    }
    const keys = await this.queries.execute(new FindDeviceKeys({ id }))
    const { credentials, current } = await this.queries.execute(new FindDeviceCredentials({ id }, { offset: 0, limit: 100 }))
    if (!current) throw new ManagementError(503, 'The service is temporarily unavailable.', undefined, { 'Retry-After': '1' })
    for (const { userId } of [...keys, ...credentials]) actsOn(caller, userId, 'delete:device_credentials')
    for (const key of keys) await this.commands.execute(new DeleteDeviceKey(key.id, caller.context))
    for (const { familyId } of credentials) await this.commands.execute(new RevokeRefreshToken(familyId, 'api', undefined, caller.context))
  }

  async #tokens(
    of: { readonly userId: string | undefined; readonly clientId: string | undefined },
    type: (typeof TYPES)[number] | undefined,
    res: Response,
  ): Promise<readonly DeviceCredential[]> {
    const rotating = type === undefined ? undefined : type === 'rotating_refresh_token'
    const { credentials, current } = await this.queries.execute(new FindDeviceCredentials({ ...of, rotating }, { offset: 0, limit: MAX }))
    if (!current) behind(res)
    return credentials
  }
}
