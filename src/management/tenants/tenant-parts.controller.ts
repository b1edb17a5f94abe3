import { Body, Get, Patch } from '@nestjs/common'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { Operation, Scopes } from '../scopes.js'
import { validBody } from '../validation/valid-body.js'
import { TenantParts } from './tenant-parts.js'
import { UpdateBranding, UpdateBreachedPasswordDetection, UpdateBruteForceProtection, UpdatePrompts, UpdateSuspiciousIpThrottling } from './tenant-parts.dto.js'

/** Settings that deploy tools carry from tenant to tenant (spec/management-api.md §2.16). All but the brute-force protection are kept and answered only. */
@ManagementController()
export class TenantPartsController {
  constructor(private readonly parts: TenantParts) {}

  @Get('branding')
  @Scopes('read:branding')
  branding(): Promise<object> {
    return this.parts.read('branding')
  }

  @Patch('branding')
  @Scopes('update:branding')
  @Operation('Update branding settings')
  updateBranding(@Body(validBody(UpdateBranding)) body: UpdateBranding, @Caller() { context }: CallerOf): Promise<object> {
    return this.parts.change('branding', body, context)
  }

  @Get('prompts')
  @Scopes('read:prompts')
  prompts(): Promise<object> {
    return this.parts.read('prompts')
  }

  @Patch('prompts')
  @Scopes('update:prompts')
  @Operation('Update prompts settings')
  updatePrompts(@Body(validBody(UpdatePrompts)) body: UpdatePrompts, @Caller() { context }: CallerOf): Promise<object> {
    return this.parts.change('prompts', body, context)
  }

  @Get('attack-protection/brute-force-protection')
  @Scopes('read:attack_protection')
  bruteForceProtection(): Promise<object> {
    return this.parts.read('brute_force_protection')
  }

  @Patch('attack-protection/brute-force-protection')
  @Scopes('update:attack_protection')
  @Operation('Update the brute force configuration')
  updateBruteForceProtection(@Body(validBody(UpdateBruteForceProtection)) body: UpdateBruteForceProtection, @Caller() { context }: CallerOf): Promise<object> {
    return this.parts.change('brute_force_protection', body, context)
  }

  @Get('attack-protection/suspicious-ip-throttling')
  @Scopes('read:attack_protection')
  suspiciousIpThrottling(): Promise<object> {
    return this.parts.read('suspicious_ip_throttling')
  }

  @Patch('attack-protection/suspicious-ip-throttling')
  @Scopes('update:attack_protection')
  @Operation('Update the suspicious IP throttling configuration')
  updateSuspiciousIpThrottling(
    @Body(validBody(UpdateSuspiciousIpThrottling)) body: UpdateSuspiciousIpThrottling,
    @Caller() { context }: CallerOf,
  ): Promise<object> {
    return this.parts.change('suspicious_ip_throttling', body, context)
  }

  @Get('attack-protection/breached-password-detection')
  @Scopes('read:attack_protection')
  breachedPasswordDetection(): Promise<object> {
    return this.parts.read('breached_password_detection')
  }

  @Patch('attack-protection/breached-password-detection')
  @Scopes('update:attack_protection')
  @Operation('Update breached password detection settings')
  updateBreachedPasswordDetection(
    @Body(validBody(UpdateBreachedPasswordDetection)) body: UpdateBreachedPasswordDetection,
    @Caller() { context }: CallerOf,
  ): Promise<object> {
    return this.parts.change('breached_password_detection', body, context)
  }
}
