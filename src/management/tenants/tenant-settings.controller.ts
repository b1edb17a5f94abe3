import { Body, Get, Inject, Patch, Query } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import { ChangeTenantSettings, FindConnection, FindTenantSettings, type TenantSettings } from '../../users/index.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { pick, readFields } from '../paging/fields.js'
import { FIELDS, Parameters } from '../parameters.js'
import { Operation, Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { invalidBody, refusedBody, validBody } from '../validation/valid-body.js'
import { showSettings, UpdateTenantSettings } from './tenant-settings.dto.js'

const MAX_HOURS = { session_lifetime: 8760, ephemeral_session_lifetime: 8760, idle_session_lifetime: 2400, idle_ephemeral_session_lifetime: 2400 } as const
type Lifetime = keyof typeof MAX_HOURS

/** The tenant's settings (spec/management-api.md §2.13). */
@ManagementController('tenants/settings')
export class TenantSettingsController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Scopes('read:tenant_settings')
  @Parameters(...FIELDS)
  async get(@Query() query: QueryParameters): Promise<object> {
    return pick(showSettings(await this.queries.execute(new FindTenantSettings())), readFields(query))
  }

  @Patch()
  @Scopes('update:tenant_settings')
  @Operation('Update tenant settings')
  async patch(@Body(validBody(UpdateTenantSettings)) body: UpdateTenantSettings, @Caller() { context }: CallerOf): Promise<object> {
    const { default_directory: directory } = body
    if (directory && !(await this.queries.execute(new FindConnection(directory)))) {
      throw refusedBody(`The connection ${directory} does not exist.`)
    }
    await this.commands.execute(new ChangeTenantSettings((settings) => patched(settings, body, this.config.settings.sessionsMinSeconds), context))
    return showSettings(await this.queries.execute(new FindTenantSettings()))
  }
}

/** Flags are merged, everything else is replaced; null takes a member back to its default. Errors: ManagementError 400 for one lifetime in both units, or a shorter one than may be. */
function patched(settings: TenantSettings, { flags, ...body }: UpdateTenantSettings, minSeconds: number): TenantSettings {
  const members = body as Record<string, unknown>
  const changes: Record<string, unknown> = Object.fromEntries(
    Object.entries(members)
      .filter(([name]) => !name.endsWith('_in_minutes'))
      .map(([name, value]) => [name, value ?? undefined]),
  )
  for (const name of Object.keys(MAX_HOURS) as Lifetime[]) {
    const [hours, minutes] = [members[name], members[`${name}_in_minutes`]] as (number | undefined)[]
    if (hours !== undefined && minutes !== undefined) {
      throw invalidBody(`${name} and ${name}_in_minutes cannot be set at the same time`)
    }
    const wanted = minutes === undefined ? hours : minutes / 60
    if (wanted !== undefined && wanted * 3600 < minSeconds) {
      throw invalidBody(`Value ${wanted} is less than minimum ${Number((minSeconds / 3600).toFixed(4))}`, name)
    }
    if (wanted !== undefined) changes[name] = Math.min(wanted, MAX_HOURS[name])
  }
  if (flags) changes['flags'] = { ...settings.flags, ...flags }
  return changes
}
