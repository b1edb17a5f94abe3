/**
 * What spec/sessions.md §2, §3 and spec/refresh-tokens.md §8 say of one session. Written from there, not from the code. Times in milliseconds;
 * nothing here is ever changed in place.
 */
export interface Session {
  /** An end that somebody asked for; time ends a session by itself. */
  readonly over: 'no' | 'ended' | 'marked'
  readonly authenticatedAt: number
  readonly usedAt: number
  readonly expiresAt: number
  readonly idleExpiresAt: number
  /** As it was when they last logged in: what is raised later is for new sessions. */
  readonly idle: number
  readonly logins: number
  readonly metadata: boolean
  /** Of its last event: for this session time never goes back. */
  readonly lastAt: number
}

export interface Lifetimes {
  readonly absolute: number
  readonly idle: number
}

export interface World {
  readonly clock: number
  readonly lifetimes: Lifetimes
  readonly session: Session
}

export type Op =
  | { readonly do: 'log in again' | 'touch' | 'end' | 'sweep' | 'mark' }
  | { readonly do: 'exchange'; readonly mistake: 'none' | 'foreign' | 'binding' }
  | { readonly do: 'metadata'; readonly set: boolean }

/** What whoever asked is told: new ends, or that it is over. */
export type Outcome = string

interface Step {
  readonly world: World
  readonly outcome: Outcome
}

export const started = (clock: number, { absolute, idle }: Lifetimes): Session => ({
  over: 'no',
  ...{ authenticatedAt: clock, usedAt: clock, lastAt: clock },
  ...{ expiresAt: clock + absolute, idleExpiresAt: clock + Math.min(idle, absolute), idle },
  ...{ logins: 1, metadata: false },
})

export function apply(world: World, op: Op): Step {
  const { session, lifetimes } = world
  const now = Math.max(world.clock, session.lastAt)
  const inTime = now < session.expiresAt && now < session.idleExpiresAt
  const alive = session.over === 'no' && inTime
  const unchanged = (outcome: Outcome): Step => ({ world, outcome })
  const becomes = (changes: Partial<Session>, outcome: Outcome): Step => ({ world: { ...world, session: { ...session, lastAt: now, ...changes } }, outcome })
  switch (op.do) {
    case 'log in again': {
      if (!alive) return unchanged('over')
      const { lastAt: _, metadata, ...fresh } = { ...started(now, lifetimes), metadata: session.metadata }
      return becomes({ ...fresh, metadata, logins: session.logins + 1 }, `login ${session.logins + 1} until ${fresh.expiresAt}, idle ${fresh.idleExpiresAt}`)
    }
    case 'touch':
      return use('touched')
    case 'exchange':
      if (!alive) return unchanged('refused: over')
      if (op.mistake !== 'none') return unchanged(`refused: ${op.mistake}`)
      return use('redeemed')
    case 'metadata':
      return alive ? becomes({ metadata: op.set }, 'set') : unchanged('over')
    case 'end':
      return session.over !== 'ended' && inTime ? becomes({ over: 'ended' }, 'ended') : unchanged('over')
    case 'sweep':
      return session.over !== 'ended' && !inTime ? becomes({ over: 'ended' }, 'ended') : unchanged('over')
    case 'mark':
      // Nothing is written to the session itself.
      return { world: { ...world, session: { ...session, over: session.over === 'no' ? 'marked' : session.over } }, outcome: 'marked' }
  }

  /** Settings that were lowered count from here on, and may end it, for good; raised ones do not. */
  function use(done: 'touched' | 'redeemed'): Step {
    const over = done === 'touched' ? 'over' : 'refused: over'
    const expiresAt = Math.min(session.expiresAt, session.authenticatedAt + lifetimes.absolute)
    const idle = Math.min(session.idle, lifetimes.idle)
    if (!alive) return unchanged(over)
    if (now >= expiresAt || now >= Math.min(session.idleExpiresAt, session.usedAt + idle)) return becomes({ over: 'ended' }, over)
    const idleExpiresAt = Math.min(now + idle, expiresAt)
    return becomes({ usedAt: now, expiresAt, idleExpiresAt }, done === 'touched' ? `touched until ${expiresAt}, idle ${idleExpiresAt}` : done)
  }
}

export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, n) => permutations(items.filter((_, m) => m !== n)).map((rest) => [item, ...rest]))
}
