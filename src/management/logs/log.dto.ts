import type { GeoIp } from '../../actions/index.js'
import type { TenantLogRow } from './tenant-log-rows.js'
import { parseUserAgent } from './user-agent.js'

/** What was opened of a row; undefined where the person was erased. */
export interface OpenedValues {
  readonly ip: string | undefined
  readonly userAgent: string | undefined
  readonly userName: string | undefined
}

/** A log event as the Management API shows it (spec/logs.md §1.1). Texts that nobody knows are empty; other members are left out. */
export function showLog(row: TenantLogRow, { ip = '', userAgent = '', userName = '' }: OpenedValues, place?: GeoIp): object {
  const agent = parseUserAgent(userAgent)
  return {
    _id: row.log_id,
    log_id: row.log_id,
    date: row.date.toISOString(),
    type: row.type,
    description: row.description ?? '',
    ...present({
      connection: row.connection,
      connection_id: row.connection_id,
      strategy: row.strategy,
      strategy_type: row.strategy === 'auth0' ? 'database' : null,
    }),
    client_id: row.client_id ?? '',
    client_name: row.client_name ?? '',
    ip,
    user_id: row.user_id ?? '',
    user_name: userName,
    ...present({
      hostname: row.hostname,
      audience: row.audience,
      scope: row.scope,
      organization_id: row.organization_id,
      organization_name: row.organization_name,
    }),
    user_agent: agent.text,
    isMobile: agent.isMobile,
    ...located(place),
    details: withAddress(withRequester(row, { ip, userAgent, userName }), userName),
    ...present({ auth0_client: row.auth0_client, references: row.correlation_id === null ? null : { correlation_id: row.correlation_id } }),
  }
}

function located({ countryCode, countryCode3, countryName, cityName, latitude, longitude, timeZone, continentCode }: GeoIp = {}): object {
  const members = {
    country_code: countryCode,
    country_code3: countryCode3,
    country_name: countryName,
    city_name: cityName,
    latitude,
    longitude,
    time_zone: timeZone,
    continent_code: continentCode,
  }
  return Object.values(members).some((value) => value !== undefined) ? { location_info: members } : {}
}

const present = (members: Readonly<Record<string, unknown>>): object => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null))

type Details = Readonly<Record<string, unknown>>

/** Where details have room for the address of the person whom the row is about, it stands in them a second time (spec/logs.md §2.2, §2.3). */
function withAddress(details: Details, userName: string): Details {
  if (!userName.includes('@')) return details
  const body = details['body'] as Details | undefined
  if (body?.['email'] === '') return { ...details, body: { ...body, email: userName } }
  return details['email'] === '' ? { ...details, email: userName } : details
}

/** Rows of the Management API tell a second time who called, inside the request (spec/logs.md §2.6). */
function withRequester({ details, user, user_name }: TenantLogRow, { ip, userAgent, userName }: OpenedValues): Details {
  const request = details['request'] as { auth?: { user?: object } } | undefined
  if (!request?.auth) return details
  // Who has an address is called by it.
  const email = user?.email !== undefined && user_name === null ? { email: userName } : {}
  const auth = { ...request.auth, user: { ...request.auth.user, name: userName, ...email } }
  return { ...details, request: { ...request, ip, userAgent, auth } }
}
