/**
 * Which refresh tokens; what is not named is any. Times are ISO strings, both ends included. Devices are found by exact values, as the record
 * shows them.
 */
export interface RefreshTokenFilter {
  readonly userId?: string
  readonly clientId?: string
  readonly sessionId?: string
  readonly audience?: string
  readonly deviceCredentialId?: string
  readonly initialIp?: string
  readonly initialUserAgent?: string
  readonly lastIp?: string
  readonly lastUserAgent?: string
  readonly issuedFrom?: string
  readonly issuedTo?: string
}

/** A filter with keyed hashes in the place of what identifies a device. */
export type HashedFilter = Omit<RefreshTokenFilter, DeviceMember> & { readonly [M in DeviceMember]?: Buffer }

type DeviceMember = (typeof DEVICE_MEMBERS)[number]
export const DEVICE_MEMBERS = ['initialIp', 'lastIp', 'initialUserAgent', 'lastUserAgent'] as const

const COLUMNS: Record<DeviceMember, string> = {
  initialIp: 'initial_ip',
  lastIp: 'last_ip',
  initialUserAgent: 'initial_user_agent',
  lastUserAgent: 'last_user_agent',
}

export const kindOf = (member: DeviceMember): 'ip' | 'user_agent' => (member.endsWith('Ip') ? 'ip' : 'user_agent')

/** The one index range that a filter is read by, and what is left to check on its rows. All names in it are ours. */
export interface FilterRange {
  /** Whose rows the range consists of: `t` of refresh_tokens, or `d` of refresh_token_devices. */
  readonly row: 't' | 'd'
  /** What all rows of the range have alike; null for a span of time alone. */
  readonly key: Condition | null
  /** Of the rows of the range: by id, or by time of issue and id. */
  readonly order: 'id' | 'issue'
  /** Where the range is ordered by time: its ends, both included. */
  readonly from: string | undefined
  readonly to: string | undefined
  /** What is left to check. */
  readonly others: readonly Condition[]
}

/** That a column of a row equals a value, or that a time lies on one side of it. */
export interface Condition {
  readonly column: string
  readonly comparison: '=' | '>=' | '<='
  readonly value: unknown
  /** On the device of the row, where that is not read anyway. */
  readonly ofDevice?: true
}

/** From what mostly names the fewest tokens to what names the most. The rows of the first group stand by id, of the last by time of issue. */
const BY_ID = [
  ['deviceCredentialId', 'device_credential_id'],
  ['sessionId', 'session_id'],
  ['userId', 'user_id'],
] as const
const BY_ISSUE = [
  ['clientId', 'client_id'],
  ['audience', 'audience'],
] as const

/** Undefined for a filter that names nothing: there is no list of all. */
export function rangeOf(filter: HashedFilter): FilterRange | undefined {
  const named = (members: readonly (readonly [keyof HashedFilter, string])[], more: { ofDevice?: true } = {}): Condition[] =>
    members.flatMap(([member, column]) => (filter[member] === undefined ? [] : [{ column, comparison: '=', value: filter[member], ...more }]))
  const [byId, byDevice, byIssue] = [
    named(BY_ID),
    named(
      DEVICE_MEMBERS.map((member) => [member, COLUMNS[member]]),
      { ofDevice: true },
    ),
    named(BY_ISSUE),
  ]
  const { issuedFrom: from, issuedTo: to } = filter
  const window: Condition[] = [
    ...(from === undefined ? [] : [{ column: 'created_at', comparison: '>=' as const, value: from }]),
    ...(to === undefined ? [] : [{ column: 'created_at', comparison: '<=' as const, value: to }]),
  ]
  const [first, ...rest] = [...byId, ...byDevice, ...byIssue]
  if (!first && window.length === 0) return undefined
  const order = byId.length + byDevice.length > 0 ? 'id' : 'issue'
  return {
    row: first?.ofDevice ? 'd' : 't',
    key: first ?? null,
    order,
    ...(order === 'issue' ? { from, to } : { from: undefined, to: undefined }),
    others: order === 'issue' ? rest : [...rest, ...window],
  }
}
