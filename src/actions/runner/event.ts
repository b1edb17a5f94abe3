import type { RunEvent } from './frames.js'

/** The event that an Action gets: a copy of its own, which it may change as it likes. */
export type ActionEvent = Record<string, unknown> & {
  request?: { geoip?: object; query?: Record<string, unknown>; body?: Record<string, unknown>; ip?: string; hostname?: string }
  user?: { user_id?: string; user_metadata?: unknown; app_metadata?: unknown }
  session?: { metadata?: unknown; cookie?: { mode?: string } }
  refresh_token?: { access?: string; metadata?: unknown }
  transaction?: { protocol?: string; metadata?: Record<string, unknown> }
}

/** Names that published samples read and that the event does not have (spec/actions.md §2.5). */
const OLD_NAMES = {
  country_code: 'countryCode',
  country_code3: 'countryCode3',
  country_name: 'countryName',
  continent_code: 'continentCode',
  city_name: 'cityName',
  time_zone: 'timeZone',
  subdivision_code: 'subdivisionCode',
  subdivision_name: 'subdivisionName',
}

const READ_BY_OLD_NAMES: PropertyDescriptorMap = Object.fromEntries(
  Object.entries(OLD_NAMES).map(([old, name]) => [
    old,
    {
      get(this: Readonly<Record<string, unknown>>) {
        return this[name]
      },
    },
  ]),
)

export function eventFor(event: RunEvent, secrets: Readonly<Record<string, string>>): ActionEvent {
  const own: ActionEvent = { ...event, secrets: { ...secrets }, configuration: {} }
  if (own.request?.geoip) Object.defineProperties(own.request.geoip, READ_BY_OLD_NAMES)
  return own
}
