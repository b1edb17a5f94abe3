import type { Origin, PersonalData } from '../../event-store/event.js'
import { clearingAfterEnd, type LookupKind, type PersonalValues, type Projection } from '../../event-store/projection.js'
import { type PersonEvent, personUpcasters } from '../../keys/person.events.js'
import { type FamilyEvent, familyUpcasters } from './family.events.js'

const STREAM_PREFIX = 'refresh_token_family-'

/** The first bytes are enough to find rows by; what two values share by chance, one in 2^64, is no harm to rows that are few. */
const BYTES = 8

interface DeviceRow {
  readonly id: string
  readonly person_key: string | null
  readonly expires_at: string | null
  readonly initial_ip: string | null
  readonly initial_user_agent: string | null
  readonly last_ip: string | null
  readonly last_user_agent: string | null
}

/** What a row holds in the place of an address or a browser's name: part of its keyed hash. */
export async function deviceLookup(kind: Extract<LookupKind, 'ip' | 'user_agent'>, value: string, hash: PersonalValues['lookup']): Promise<Buffer> {
  return (await hash(kind, value)).subarray(0, BYTES)
}

/**
 * From which devices active families were issued and last used, as the record shows them: keyed hashes only, which go when the person is
 * erased. Apart from refresh_tokens, so that a new address rewrites a narrow row and leaves that one's indexes alone.
 */
export const refreshTokenDevicesProjection: Projection<FamilyEvent | PersonEvent> = clearingAfterEnd({
  name: 'refresh_token_devices',
  table: 'refresh_token_devices',
  searches: ['person_key'],
  upcasters: { ...familyUpcasters, ...personUpcasters },
  async apply(events, db, personal) {
    const ids = [...new Set(events.flatMap(({ streamId }) => (streamId.startsWith(STREAM_PREFIX) ? [streamId.slice(STREAM_PREFIX.length)] : [])))]
    const { rows } = await db.query<{ row: DeviceRow }>({ ...FIND, values: [ids] })
    const before = new Map(rows.map(({ row }) => [row.id, row]))
    const uses = new Map<string, Uses>()
    const gone = new Set<string>()
    const erased: string[] = []
    for (const { type, data, streamId, metadata } of events) {
      const id = streamId.slice(STREAM_PREFIX.length)
      const origin = metadata.origin ?? null
      switch (type) {
        case 'FamilyStarted':
          uses.set(id, { initial: data.predecessor ? data.predecessor.initialOrigin : origin, last: origin, expiresAt: data.expiresAt })
          break
        case 'RefreshTokenRotated':
        case 'RefreshTokenExchanged':
          // Of tokens that never expire nobody keeps the last use (spec/refresh-tokens.md §5).
          if (data.expiresAt !== null || data.idleExpiresAt !== null) uses.set(id, { ...uses.get(id), last: origin, expiresAt: data.expiresAt })
          break
        case 'RefreshTokenMetadataSet':
          break
        case 'FamilyRevoked':
        case 'FamilyBarred':
          gone.add(id)
          break
        case 'PersonErased':
          erased.push(data.keyId)
      }
    }
    const after = await changedRows(
      before,
      [...uses].filter(([id]) => !gone.has(id)),
      personal,
    )
    if (after.length > 0) await db.query({ ...UPSERT, values: [JSON.stringify(after)] })
    if (gone.size > 0) await db.query('delete from refresh_token_devices where id = any($1)', [[...gone]])
    if (erased.length > 0) await db.query('delete from refresh_token_devices where person_key = any($1)', [erased])
  },
})

/** What a batch tells of a family; `initial` only where it started. */
interface Uses {
  readonly initial?: PersonalData | null
  readonly last: PersonalData | null
  readonly expiresAt: string | null
}

async function changedRows(before: ReadonlyMap<string, DeviceRow>, uses: readonly [string, Uses][], personal: PersonalValues): Promise<DeviceRow[]> {
  const sealed = [...new Set(uses.flatMap(([, { initial, last }]) => [initial, last]).filter((origin) => typeof origin === 'string'))]
  const opened = new Map((await personal.open(sealed)).map((origin, n) => [sealed[n]!, origin as Origin | undefined]))
  const hashes = new Map<string, Promise<string>>()
  const hash = (kind: 'ip' | 'user_agent', value: unknown): Promise<string> | null => {
    if (typeof value !== 'string') return null
    const name = `${kind} ${value}`
    const known = hashes.get(name) ?? deviceLookup(kind, value, personal.lookup).then((bytes) => `\\x${bytes.toString('hex')}`)
    hashes.set(name, known)
    return known
  }
  const changed: DeviceRow[] = []
  for (const [id, { initial, last, expiresAt }] of uses) {
    const row = before.get(id)
    if (initial === undefined && !row) continue
    const key = row?.person_key ?? personal.keyOf((last ?? initial ?? '') as PersonalData) ?? null
    // What stands under another key than the person's would outlive their erasure.
    const of = (origin: PersonalData | null): Origin | undefined => (origin !== null && personal.keyOf(origin) === key ? opened.get(origin) : undefined)
    const [first, latest] = [initial === undefined ? undefined : of(initial), of(last)]
    const next: DeviceRow = {
      id,
      person_key: key,
      expires_at: expiresAt,
      initial_ip: initial === undefined ? row!.initial_ip : await hash('ip', first?.ip),
      initial_user_agent: initial === undefined ? row!.initial_user_agent : await hash('user_agent', first?.userAgent),
      last_ip: await hash('ip', latest?.ip),
      last_user_agent: await hash('user_agent', latest?.userAgent),
    }
    if (
      !row ||
      (Object.keys(next) as (keyof DeviceRow)[]).some((column) =>
        column === 'expires_at' ? !sameTime(next[column], row[column]) : next[column] !== row[column],
      )
    )
      changed.push(next)
  }
  return changed
}

/** The database writes a time in its own way. */
const sameTime = (a: string | null, b: string | null): boolean => a === b || (a !== null && b !== null && Date.parse(a) === Date.parse(b))

const FIND = { name: 'refresh-token-devices', text: 'select row_to_json(d) as row from refresh_token_devices d where id = any($1)' }

const UPSERT = {
  name: 'keep-refresh-token-devices',
  text: `
  insert into refresh_token_devices (id, person_key, expires_at, initial_ip, initial_user_agent, last_ip, last_user_agent)
  select id, person_key, expires_at, initial_ip, initial_user_agent, last_ip, last_user_agent from jsonb_populate_recordset(null::refresh_token_devices, $1)
  on conflict (id) do update set person_key = excluded.person_key, expires_at = excluded.expires_at, initial_ip = excluded.initial_ip, initial_user_agent = excluded.initial_user_agent,
    last_ip = excluded.last_ip, last_user_agent = excluded.last_user_agent`,
}
