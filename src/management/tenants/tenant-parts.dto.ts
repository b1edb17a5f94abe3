import { addressRange } from '../../users/index.js'
import { Choices, Flag, Int, Nested, OneOf, rule, Text, Texts, typeOf } from '../validation/rules.js'
import { HTTPS_URI } from '../validation/urls.js'

const nullable = true
const COLOR = /^#[0-9a-fA-F]{3,8}$/

/** A colour, or a gradient of two. */
const PageBackground = (): PropertyDecorator =>
  rule(
    'page-background',
    (value) => {
      if (typeof value === 'string') return COLOR.test(value) ? undefined : `String does not match pattern ${COLOR.source}`
      return typeOf(value) === 'object' ? undefined : `Expected type object but found type ${typeOf(value)}`
    },
    { nullable },
  )

export class BrandingColors {
  @Text({ pattern: COLOR, nullable }) readonly primary?: string | null
  @PageBackground() readonly page_background?: string | object | null
}

class BrandingFont {
  @Text({ max: 2048, format: HTTPS_URI, nullable }) readonly url?: string | null
}

/** The body of PATCH /branding; null takes a member away. */
export class UpdateBranding {
  @Nested(() => BrandingColors, { nullable }) readonly colors?: BrandingColors | null
  @Text({ max: 2048, format: HTTPS_URI, nullable }) readonly favicon_url?: string | null
  @Text({ max: 2048, format: HTTPS_URI, nullable }) readonly logo_url?: string | null
  @Nested(() => BrandingFont, { nullable }) readonly font?: BrandingFont | null
}

/** The body of PATCH /prompts. */
export class UpdatePrompts {
  @OneOf(['new', 'classic']) readonly universal_login_experience?: string
  @Flag({ nullable }) readonly identifier_first?: boolean | null
  @Flag({ nullable }) readonly webauthn_platform_first_factor?: boolean | null
}

const ADDRESS_RANGE = ['ip-or-cidr', (text: string) => addressRange(text) !== undefined] as const
const ALLOWLIST = { max: 100, each: { min: 1, max: 64, format: ADDRESS_RANGE } }

/** The body of PATCH /attack-protection/brute-force-protection. */
export class UpdateBruteForceProtection {
  @Flag() readonly enabled?: boolean
  @Choices(['block', 'user_notification']) readonly shields?: readonly string[]
  @Texts(ALLOWLIST) readonly allowlist?: readonly string[]
  @OneOf(['count_per_identifier_and_ip', 'count_per_identifier']) readonly mode?: string
  @Int({ min: 1, max: 100 }) readonly max_attempts?: number
}

class ThrottlingStage {
  @Int({ min: 1, max: 2_147_483_647 }) readonly max_attempts?: number
  @Int({ min: 0, max: 2_147_483_647 }) readonly rate?: number
}

class ThrottlingStages {
  @Nested(() => ThrottlingStage) readonly 'pre-login'?: ThrottlingStage
  @Nested(() => ThrottlingStage) readonly 'pre-user-registration'?: ThrottlingStage
  @Nested(() => ThrottlingStage) readonly 'pre-custom-token-exchange'?: ThrottlingStage
}

/** The body of PATCH /attack-protection/suspicious-ip-throttling. */
export class UpdateSuspiciousIpThrottling {
  @Flag() readonly enabled?: boolean
  @Choices(['block', 'admin_notification']) readonly shields?: readonly string[]
  @Texts(ALLOWLIST) readonly allowlist?: readonly string[]
  @Nested(() => ThrottlingStages) readonly stage?: ThrottlingStages
}

class BreachedPasswordStage {
  @Choices(['block', 'admin_notification']) readonly shields?: readonly string[]
}

class BreachedPasswordStages {
  @Nested(() => BreachedPasswordStage) readonly 'pre-user-registration'?: BreachedPasswordStage
  @Nested(() => BreachedPasswordStage) readonly 'pre-change-password'?: BreachedPasswordStage
}

/** The body of PATCH /attack-protection/breached-password-detection. */
export class UpdateBreachedPasswordDetection {
  @Flag() readonly enabled?: boolean
  @Choices(['block', 'user_notification', 'admin_notification']) readonly shields?: readonly string[]
  @Choices(['immediately', 'daily', 'weekly', 'monthly']) readonly admin_notification_frequency?: readonly string[]
  @OneOf(['standard', 'enhanced']) readonly method?: string
  @Nested(() => BreachedPasswordStages) readonly stage?: BreachedPasswordStages
}
