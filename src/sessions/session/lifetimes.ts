import type { TenantSettings } from '../../users/index.js'
import type { SessionLifetimes } from './session.js'

const HOUR = 3600
/** Auth0's highest (spec/sessions.md §2); what is set above them is superseded. */
const MAX_ABSOLUTE_HOURS = 8760
const MAX_IDLE_HOURS = 2400

/** Whether browsers are to keep the cookie of a new session when they are closed. */
export const wantsPersistent = ({ session_cookie }: TenantSettings): boolean =>
  (session_cookie as { mode?: unknown } | null | undefined)?.mode !== 'non-persistent'

/** The tenant's pair of lifetimes for sessions of this kind, with the defaults of spec/management-api.md §2.13. */
export function lifetimesOf(settings: TenantSettings, persistent: boolean): SessionLifetimes {
  const [absolute, idle] = persistent
    ? [hours(settings['session_lifetime'], 168), hours(settings['idle_session_lifetime'], 72)]
    : [hours(settings['ephemeral_session_lifetime'], 72), hours(settings['idle_ephemeral_session_lifetime'], 24)]
  return { absoluteSeconds: Math.round(Math.min(absolute, MAX_ABSOLUTE_HOURS) * HOUR), idleSeconds: Math.round(Math.min(idle, MAX_IDLE_HOURS) * HOUR) }
}

/** Fractions are set in minutes. */
const hours = (value: unknown, fallback: number): number => (typeof value === 'number' && value > 0 ? value : fallback)
