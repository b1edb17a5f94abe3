import fc from 'fast-check'
import { exchange, type ExchangeResult } from '../../src/tokens/refresh-token/exchange.js'
import { type Family, family, revoke, setMetadata, start } from '../../src/tokens/refresh-token/family.js'
import type { FamilyEvent } from '../../src/tokens/refresh-token/family.events.js'
import type { PersonalData } from '../../src/event-store/event.js'

/** What may happen next to a family; `back` says how many generations before the latest one the presented token is. */
type Step =
  | {
      readonly do: 'exchange'
      readonly back: number
      readonly foreign: boolean
      readonly key: string | null
      readonly leeway: number
      readonly absolute: number | null
      readonly idle: number | null
    }
  | { readonly do: 'revoke' }
  | { readonly do: 'metadata' }
  | { readonly do: 'wait'; readonly ms: number }

const seconds = fc.option(fc.integer({ min: 1, max: 60 }), { nil: null })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('exchange' as const),
      back: fc.integer({ min: -1, max: 4 }),
      foreign: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      key: fc.constantFrom(null, 'key-1', 'key-2'),
      leeway: fc.constantFrom(0, 1, 10),
      absolute: seconds,
      idle: seconds,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.integer({ min: 0, max: 15_000 }), fc.constantFrom(999, 1000, 1001, 9999, 10_000, 10_001)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('metadata' as const) }) },
)

const login: fc.Arbitrary<Login> = fc.record({
  rotating: fc.boolean(),
  absolute: seconds,
  idle: seconds,
  key: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constant('key-1') }),
})

interface Recorded {
  readonly event: FamilyEvent
  readonly at: number
}

interface Login {
  readonly rotating: boolean
  readonly absolute: number | null
  readonly idle: number | null
  readonly key: string | null
}

function play({ rotating, absolute, idle, key }: Login, steps: readonly Step[]): void {
  let now = Date.UTC(2026, 0, 1)
  const log: Recorded[] = []
  let state: Family = family.initial
  const record = (events: readonly FamilyEvent[]): void => {
    for (const event of events) {
      state = JSON.parse(JSON.stringify(family.evolve(state, event, { at: new Date(now).toISOString() }))) as Family
      log.push({ event, at: now })
    }
  }
  const terms = {
    userId: 'u',
    clientId: 'c',
    sessionId: null,
    authenticatedAt: null,
    connection: null,
    audience: null,
    scope: [],
    rotating,
    keyId: 'k',
    salt: 's',
    metadata: null,
    dpopThumbprint: key,
    predecessor: null,
  }
  record(start(state, terms, { absoluteSeconds: absolute, idleSeconds: idle }, new Date(now)).events)

  for (const next of steps) {
    if (next.do === 'wait') now += next.ms
    if (next.do === 'revoke') {
      const { events, result } = revoke(state, 'client', new Date(now))
      expect(result).toBe(!isRevoked(log) && !isOver(log, now))
      record(events)
    }
    if (next.do === 'metadata') record(setMetadata(state, 'm' as PersonalData, new Date(now)).events)
    if (next.do !== 'exchange') continue
    const generation = Math.max(1, latest(log) - (rotating ? next.back : 0))
    const before = [...log]
    const policy = { absoluteSeconds: next.absolute, idleSeconds: next.idle, leewaySeconds: next.leeway }
    const shown = { clientId: next.foreign ? 'x' : 'c', generation, dpopThumbprint: next.key, confidential: false }
    const { events, result } = exchange(state, shown, policy, new Date(now))
    record(events)
    check(before, log.slice(before.length), { generation, now, rotating, ...next }, result)
  }
}

const latest = (log: readonly Recorded[]): number => 1 + log.filter(({ event }) => event.type === 'RefreshTokenRotated').length
const ends = (log: readonly Recorded[]): { expiresAt: string | null; idleExpiresAt: string | null } =>
  log
    .map(({ event }) => event.data as { expiresAt?: string | null; idleExpiresAt?: string | null })
    .filter((data) => data.expiresAt !== undefined)
    .at(-1) as never

const isRevoked = (log: readonly Recorded[]): boolean => log.some(({ event }) => event.type === 'FamilyRevoked')
const isOver = (log: readonly Recorded[], now: number): boolean =>
  [ends(log).expiresAt, ends(log).idleExpiresAt].some((end) => end !== null && Date.parse(end) <= now)

/** The key that the token of a generation is bound to: that of the first event that named one, if it was no later. */
function keyOf(log: readonly Recorded[], generation: number): string | null {
  const named = log.find(({ event }) => (event.data as { dpopThumbprint?: string | null }).dpopThumbprint)?.event
  if (!named || ('generation' in named.data && named.data.generation > generation)) return null
  return (named.data as { dpopThumbprint: string }).dpopThumbprint
}

/** The rules of spec/refresh-tokens.md §5, §7 and §9, said over what happened instead of over the state. */
function check(
  before: readonly Recorded[],
  added: readonly Recorded[],
  asked: Omit<Extract<Step, { do: 'exchange' }>, 'do' | 'back'> & { generation: number; now: number; rotating: boolean },
  result: ExchangeResult,
): void {
  const L = latest(before)
  const issuedLast = before.filter(({ event }) => event.type === 'FamilyStarted' || event.type === 'RefreshTokenRotated').at(-1)!.at
  const current = asked.generation === L
  const inLeeway = asked.generation === L - 1 && asked.leeway > 0 && asked.now - issuedLast <= asked.leeway * 1000
  const hasKey = [null, asked.key].includes(keyOf(before, inLeeway ? L : asked.generation))
  const usable = !isRevoked(before) && !isOver(before, asked.now) && !asked.foreign && asked.generation <= L && hasKey

  expect(result.kind === 'exchanged').toBe(usable && (!asked.rotating || current || inLeeway))
  expect(added.map(({ event }) => event.type)).toEqual(
    !usable ? [] : asked.rotating && current ? ['RefreshTokenRotated'] : result.kind === 'exchanged' ? ['RefreshTokenExchanged'] : ['FamilyRevoked'],
  )
  if (result.kind === 'exchanged') {
    expect(result.generation).toBe(latest([...before, ...added]))
    const [was, is] = [ends(before), ends(added)]
    if (was.expiresAt !== null) expect(is.expiresAt).toBe(was.expiresAt)
    if (asked.absolute === null && asked.idle === null) expect(is).toMatchObject({ expiresAt: was.expiresAt, idleExpiresAt: was.idleExpiresAt })
    const key = keyOf([...before, ...added], result.generation)
    expect(key).toBe(keyOf(before, L) ?? (asked.rotating && current ? asked.key : null))
    if (is.expiresAt !== null && is.idleExpiresAt !== null) expect(Date.parse(is.idleExpiresAt)).toBeLessThanOrEqual(Date.parse(is.expiresAt))
  }
}

it('a family keeps its rules in every history', () => {
  fc.assert(
    fc.property(login, fc.array(step, { maxLength: 40 }), (begun, steps) => play(begun, steps)),
    { numRuns: 3000 },
  )
})
