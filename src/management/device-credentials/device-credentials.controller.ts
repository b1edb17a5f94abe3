import { Delete, Get, HttpCode, Param, Query, Res } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import type { Origin, PersonalData } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { type DeviceCredential, FindDeviceCredentials, RevokeRefreshToken } from '../../tokens/index.js'
import { actsOn, Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { pick, readFields } from '../paging/fields.js'
import { offsetAnswer, offsetRequest } from '../paging/page.js'
import { behind } from '../refresh-tokens/behind.js'
import { Operation, Scopes } from '../scopes.js'
import { oneOf, type QueryParameters, text } from '../validation/query.js'

const TYPES = ['public_key', 'refresh_token', 'rotating_refresh_token'] as const

/** Refresh tokens as the older API shows them, under ids of its own (spec/management-api.md §2.8). */
@ManagementController('device-credentials')
export class DeviceCredentialsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly personKeys: PersonKeys,
  ) {}

  @Get()
  @Scopes('read:device_credentials')
  async list(@Query() query: QueryParameters, @Res({ passthrough: true }) res: Response): Promise<object> {
    const request = offsetRequest(query)
    const type = oneOf(query, 'type', TYPES)
    const fields = readFields(query)
    if (type === 'public_key') return offsetAnswer(request, 'device_credentials', [], 0)
    const rotating = type === undefined ? undefined : type === 'rotating_refresh_token'
    const filter = { userId: text(query, 'user_id'), clientId: text(query, 'client_id'), rotating }
    const { credentials, total, current } = await this.queries.execute(new FindDeviceCredentials(filter, request))
    if (!current) behind(res)
    const shown = await Promise.all(credentials.map((credential) => this.#show(credential)))
    return offsetAnswer(
      request,
      'device_credentials',
      shown.map((credential) => pick(credential, fields)),
      total,
    )
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('delete:device_credentials', 'delete:current_user_device_credentials')
  @Operation('Delete a device credential')
  async delete(@Param('id') id: string, @Caller() caller: CallerOf): Promise<void> {
    const { credentials } = await this.queries.execute(new FindDeviceCredentials({ id }, { offset: 0, limit: 100 }))
    for (const { familyId, userId } of credentials) {
      actsOn(caller, userId, 'delete:device_credentials')
      await this.commands.execute(new RevokeRefreshToken(familyId, 'api', undefined, caller.context))
    }
  }

  async #show({ id, userId, clientId, rotating, initialOrigin }: DeviceCredential): Promise<object> {
    const origin = initialOrigin === null ? undefined : await this.personKeys.open<Origin>(initialOrigin as PersonalData)
    const type = rotating ? 'rotating_refresh_token' : 'refresh_token'
    return { id, device_name: origin?.userAgent ?? '', type, user_id: userId, client_id: clientId }
  }
}
