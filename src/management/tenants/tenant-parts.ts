import { Injectable } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import type { Context } from '../../event-store/event.js'
import { ChangeTenantSettings, FindTenantSettings, type TenantSettings } from '../../users/index.js'

/** Settings of the tenant that have addresses of their own, and what they are before anything was set (spec/management-api.md §2.16, §3.2). */
export const TENANT_PARTS = {
  branding: {},
  prompts: { universal_login_experience: 'new', identifier_first: false, webauthn_platform_first_factor: false },
  brute_force_protection: { enabled: true, shields: ['block', 'user_notification'], mode: 'count_per_identifier_and_ip', allowlist: [], max_attempts: 10 },
  suspicious_ip_throttling: {
    enabled: true,
    shields: ['admin_notification', 'block'],
    allowlist: [],
    stage: { 'pre-login': { max_attempts: 100, rate: 864_000 }, 'pre-user-registration': { max_attempts: 50, rate: 1200 } },
  },
  breached_password_detection: {
    enabled: false,
    shields: [],
    admin_notification_frequency: [],
    method: 'standard',
    stage: { 'pre-user-registration': { shields: [] } },
  },
} as const

type TenantPart = keyof typeof TENANT_PARTS

/** Reads and changes parts of the tenant's settings. */
@Injectable()
export class TenantParts {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** What was set over the defaults. */
  async read(part: TenantPart): Promise<object> {
    return merged(TENANT_PARTS[part], partOf(await this.queries.execute(new FindTenantSettings()), part))
  }

  /** Sets the members that are named, of `stage` its own; null takes one back to its default. Answers all of the part. */
  async change(part: TenantPart, members: object, context: Context): Promise<object> {
    const changed = (settings: TenantSettings): TenantSettings => {
      const next = Object.fromEntries(Object.entries(merged(partOf(settings, part), members)).filter(([, value]) => value !== null))
      return { [part]: Object.keys(next).length > 0 ? next : undefined }
    }
    await this.commands.execute(new ChangeTenantSettings(changed, context))
    return this.read(part)
  }
}

type Part = object & { readonly stage?: Readonly<Record<string, object>> }

const partOf = (settings: TenantSettings, part: TenantPart): Part => (settings[part] as Part | undefined) ?? {}

/** What is said of one stage leaves the others, and the rest of that one, as they are. */
function merged(before: Part, { stage, ...members }: Part): Part {
  if (stage === undefined) return { ...before, ...members }
  const named = Object.entries(stage).map(([name, limits]) => [name, { ...before.stage?.[name], ...limits }])
  return { ...before, ...members, stage: { ...before.stage, ...Object.fromEntries(named) } }
}
