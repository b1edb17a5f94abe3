/**
 * What spec/refresh-tokens.md says of the tokens of one login, over all its families: every secret that it ever had has a number, 1 for the
 * first. Written from §5, §7, §9, §10 and §13, not from the code. Times in milliseconds; nothing here is ever changed in place.
 */
export interface Line {
  readonly client: number
  readonly user: number
  /** Of the key that its tokens are bound to. */
  readonly key: string | null
  /** The first of its secrets that is. */
  readonly boundFrom: number
  readonly alive: boolean
  /** How many secrets there were, and when the last one was first issued. */
  readonly latest: number
  readonly latestAt: number
  /** Of each secret, whether its family rotated. */
  readonly rotated: readonly boolean[]
  readonly expiresAt: number | null
  readonly idleExpiresAt: number | null
  readonly metadata: boolean
  readonly startedAt: number
  /** Of its last event: for this login time never goes back. */
  readonly lastAt: number
}

export interface Settings {
  readonly rotating: boolean
  readonly leeway: number
  readonly absolute: number | null
  readonly idle: number | null
}

export type UserState = 'fine' | 'blocked' | 'deleted'

export interface World {
  readonly clock: number
  readonly clients: readonly Settings[]
  readonly users: readonly UserState[]
  readonly lines: readonly Line[]
}

/** `token` is the number of the secret that the client has from now on. */
export type Outcome =
  { readonly kind: 'given'; readonly token: number } | { readonly kind: 'refused'; readonly why: string } | { readonly kind: 'done'; readonly ended: boolean }

export type Op =
  | { readonly do: 'exchange'; readonly line: number; readonly token: number; readonly client: number; readonly key: string | null }
  | { readonly do: 'revoke'; readonly line: number; readonly token: number }
  | { readonly do: 'end user'; readonly user: number }
  | { readonly do: 'end user at client'; readonly user: number; readonly client: number }
  /** By the id of the record, which is another one once the kind of the tokens has changed: `family` counts them. */
  | { readonly do: 'metadata'; readonly line: number; readonly family: number; readonly set: boolean }

interface Step {
  readonly world: World
  readonly outcome: Outcome
}

export function startLine(world: World, client: number, user: number, key: string | null): World {
  const settings = world.clients[client]!
  const now = world.clock
  const ends = extended({ expiresAt: null, idleExpiresAt: null }, settings, now)
  const line: Line = {
    client,
    user,
    key,
    boundFrom: 1,
    alive: true,
    latest: 1,
    latestAt: now,
    rotated: [settings.rotating],
    ...ends,
    metadata: false,
    startedAt: now,
    lastAt: now,
  }
  return { ...world, lines: [...world.lines, line] }
}

export function apply(world: World, op: Op): Step {
  switch (op.do) {
    case 'exchange':
      return exchange(world, op)
    case 'revoke':
      return endOne(world, op.line)
    case 'end user':
      return endAll(world, (line) => line.user === op.user)
    case 'end user at client':
      return endAll(world, (line) => line.user === op.user && line.client === op.client)
    case 'metadata': {
      const line = world.lines[op.line]!
      const now = Math.max(world.clock, line.lastAt)
      if (!line.alive || op.family !== familyOf(line) || isOver(line, now)) return { world, outcome: { kind: 'done', ended: false } }
      return { world: withLine(world, op.line, { ...line, metadata: op.set, lastAt: now }), outcome: { kind: 'done', ended: true } }
    }
  }
}

function exchange(world: World, op: Extract<Op, { do: 'exchange' }>): Step {
  const line = world.lines[op.line]!
  const now = Math.max(world.clock, line.lastAt)
  const settings = world.clients[op.client]!
  const refused = (why: string): Step => ({ world, outcome: { kind: 'refused', why } })
  if (op.client !== line.client) return refused('foreign')
  if (!line.alive) return refused('dead')
  const hasKey = line.key === null || line.key === op.key
  if (!hasKey && op.token >= line.boundFrom) return refused('binding')
  if (isOver(line, now)) return refused('expired')

  const current = op.token === line.latest
  const retry = op.token === line.latest - 1 && settings.leeway > 0 && now <= line.latestAt + settings.leeway * 1000
  if (retry && !hasKey) return refused('binding')
  if (!current && !retry) {
    if (!line.rotated[op.token - 1]) return refused('dead')
    return { world: withLine(world, op.line, { ...line, alive: false, lastAt: now }), outcome: { kind: 'refused', why: 'reuse' } }
  }
  if (world.users[line.user] === 'deleted') return refused('user-gone')
  if (world.users[line.user] === 'blocked') return refused('user-blocked')

  const kind = line.rotated.at(-1)!
  const switches = current && settings.rotating !== kind
  const renews = current && (kind || switches)
  const next = {
    ...line,
    ...extended(line, settings, now),
    lastAt: now,
    ...(renews && { latest: line.latest + 1, latestAt: now, rotated: [...line.rotated, settings.rotating] }),
    ...(renews && settings.rotating && line.key === null && { key: op.key, boundFrom: line.latest + 1 }),
  }
  return { world: withLine(world, op.line, next), outcome: { kind: 'given', token: next.latest } }
}

function endOne(world: World, n: number): Step {
  const line = world.lines[n]!
  const now = Math.max(world.clock, line.lastAt)
  if (!line.alive || isOver(line, now)) return { world, outcome: { kind: 'done', ended: false } }
  return { world: withLine(world, n, { ...line, alive: false, lastAt: now }), outcome: { kind: 'done', ended: true } }
}

/** Nothing is written to the logins themselves. */
function endAll(world: World, meant: (line: Line) => boolean): Step {
  return { world: { ...world, lines: world.lines.map((line) => (meant(line) ? { ...line, alive: false } : line)) }, outcome: { kind: 'done', ended: true } }
}

/** How many families there were. */
export const familyOf = ({ rotated }: Line): number => 1 + rotated.filter((kind, n) => n > 0 && kind !== rotated[n - 1]).length

const isOver = ({ expiresAt, idleExpiresAt }: Line, now: number): boolean =>
  (expiresAt !== null && now >= expiresAt) || (idleExpiresAt !== null && now >= idleExpiresAt)

type Ends = Pick<Line, 'expiresAt' | 'idleExpiresAt'>

function extended({ expiresAt, idleExpiresAt }: Ends, { absolute, idle }: Settings, now: number): Ends {
  const end = expiresAt ?? (absolute === null ? null : now + absolute * 1000)
  const kept = absolute === null ? idleExpiresAt : null
  const idleEnd = idle === null ? kept : now + idle * 1000
  return { expiresAt: end, idleExpiresAt: idleEnd !== null && end !== null ? Math.min(idleEnd, end) : idleEnd }
}

const withLine = (world: World, n: number, line: Line): World => ({ ...world, lines: world.lines.with(n, line) })
