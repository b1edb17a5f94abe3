import type { IssueAccess } from '../../src/tokens/commands/redeem-refresh-token.js'
import { RedeemRefreshToken } from '../../src/tokens/commands/redeem-refresh-token.js'
import { fold } from '../../src/event-store/event-store.js'
import { IssueRefreshToken } from '../../src/tokens/commands/issue-refresh-token.js'
import { RevokePresentedToken } from '../../src/tokens/commands/revoke-presented-token.js'
import { RevokeRefreshTokens, SetRefreshTokenMetadata } from '../../src/tokens/index.js'
import { family } from '../../src/tokens/refresh-token/family.js'
import { familyUnderMarks } from '../../src/tokens/refresh-token/family-under-marks.js'
import { ChangeUser, DeleteUser } from '../../src/users/index.js'
import { apply, familyOf, type Line, type Op, type Outcome, type Settings, startLine, type World } from './line-model.js'
import type { TwoWorkers, Worker } from './two-workers.js'

const ORIGIN = { ip: '203.0.113.7', userAgent: 'property' }
export const CLIENTS = 2
export const USERS = 2
const KEYS = [null, 'key-1', 'key-2'] as const

/** What may happen next. */
export type Step =
  | { readonly do: 'log in'; readonly client: number; readonly user: number; readonly key: number }
  | { readonly do: 'at once'; readonly ops: readonly Choice[] }
  | { readonly do: 'settings'; readonly client: number; readonly settings: Settings }
  | { readonly do: 'clock'; readonly ms: number }
  | { readonly do: 'user'; readonly user: number; readonly to: 'fine' | 'blocked' | 'deleted' }
  | { readonly do: 'restart'; readonly worker: number }
  | { readonly do: 'killed'; readonly line: number }

/** An operation, with its parts counted from what there is when its turn comes. */
export interface Choice {
  readonly op: Op['do']
  readonly line: number
  /** How many secrets before the latest one. */
  readonly back: number
  readonly key: number
  readonly foreign: boolean
  readonly worker: number
}

/** A history as it is played: the model's world beside what stands for it in the service. */
export class History {
  readonly #base: number
  readonly #userIds: string[] = []
  readonly #clientIds: string[]
  readonly #workers: [Worker, Worker]
  /** Of each line its first family and the secrets that became known, by their number. */
  readonly #lines: { familyId: string; readonly secrets: (string | undefined)[] }[] = []
  #world: World
  /** The clock steps back, but never to before the users were made, nor to before a mark: marks and users are told from logins by time alone. */
  #floor: number

  constructor(
    private readonly service: TwoWorkers,
    run: number,
    initial: readonly Settings[],
  ) {
    // Each run has an hour of its own before the next one's.
    this.#base = Date.UTC(2030, 0, 1) + run * 3_600_000
    this.#floor = this.#base
    this.#clientIds = initial.map((_, n) => `client-${run}-${n}`)
    this.#workers = [service.worker(0), service.worker(1)]
    this.#world = { clock: this.#base, clients: initial, users: Array.from({ length: USERS }, () => 'fine' as const), lines: [] }
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.#setClock(this.#base)
    for (let n = 0; n < USERS; n++) this.#userIds.push(await this.service.newUser())
    await this.#logIn(0, 0, null)
    for (const next of steps) await this.#step(next)
    for (const [n, line] of this.#world.lines.entries()) await this.#compareStreams(n, line)
  }

  async #step(next: Step): Promise<void> {
    switch (next.do) {
      case 'log in':
        if (this.#world.users[next.user] !== 'deleted' && this.#lines.length < 3) await this.#logIn(next.client, next.user, KEYS[next.key]!)
        return
      case 'settings':
        this.#world = { ...this.#world, clients: this.#world.clients.with(next.client, next.settings) }
        return
      case 'clock':
        return this.#setClock(Math.max(this.#floor, this.#world.clock + next.ms))
      case 'user':
        return this.#setUser(next.user, next.to)
      case 'restart':
        this.#workers[next.worker as 0 | 1] = this.#workers[next.worker as 0 | 1].restarted()
        return
      case 'killed':
        return this.#killed(next.line % this.#lines.length)
      case 'at once':
        return this.#atOnce(next.ops)
    }
  }

  async #atOnce(choices: readonly Choice[]): Promise<void> {
    // What is set at once is the same, since nobody could tell afterwards which came last.
    const chosen = choices.map((made) => this.#op({ ...made, set: choices[0]!.key !== 0 }))
    // A mark names a moment: it is set when the clock has come to where the logins are that it ends.
    const latest = Math.max(...this.#world.lines.map(({ startedAt }) => startedAt))
    const marks = chosen.some(({ do: what }) => what.startsWith('end'))
    if (marks && this.#world.clock < latest) await this.#setClock(latest)
    const answers = await Promise.all(chosen.map((op, n) => this.#do(op, choices[n]!.worker)))
    for (const order of permutations(chosen.map((_, n) => n))) {
      const outcomes: Outcome[] = []
      let world = this.#world
      for (const n of order) {
        const { world: after, outcome } = apply(world, chosen[n]!)
        world = after
        outcomes[n] = outcome
      }
      const known = this.#agrees(chosen, outcomes, answers)
      if (!known) continue
      for (const { line, token, text } of known) this.#lines[line]!.secrets[token - 1] = text
      this.#world = world
      // Who logs in after its answer does so at a later moment.
      if (marks) await this.#setClock((this.#floor = this.#world.clock + 1))
      return
    }
    const first = chosen.reduce<{ world: World; outcomes: Outcome[] }>(
      ({ world, outcomes }, op) => ({ world: apply(world, op).world, outcomes: [...outcomes, apply(world, op).outcome] }),
      { world: this.#world, outcomes: [] },
    )
    throw new Error(`the service answered ${JSON.stringify(answers)} to ${JSON.stringify(chosen)}; the model, for one order: ${JSON.stringify(first.outcomes)}`)
  }

  /** What is learnt of secrets if the answers are those of the model; undefined if they are not. */
  #agrees(ops: readonly Op[], outcomes: readonly Outcome[], answers: readonly Answered[]): { line: number; token: number; text: string }[] | undefined {
    const learnt: { line: number; token: number; text: string }[] = []
    for (const [n, outcome] of outcomes.entries()) {
      const [op, answer] = [ops[n]!, answers[n]!]
      if (outcome.kind !== answer.kind) return undefined
      if (outcome.kind === 'refused' && outcome.why !== (answer as { why: string }).why) return undefined
      if (outcome.kind === 'done' && outcome.ended !== (answer as { ended: boolean }).ended) return undefined
      if (outcome.kind !== 'given' || op.do !== 'exchange') continue
      const { text } = answer as { text: string }
      const before = learnt.find(({ line, token }) => line === op.line && token === outcome.token)?.text ?? this.#lines[op.line]!.secrets[outcome.token - 1]
      const everywhere = [...this.#lines.flatMap(({ secrets }) => secrets), ...learnt.map((one) => one.text)]
      if (before === undefined ? everywhere.includes(text) : before !== text) return undefined
      learnt.push({ line: op.line, token: outcome.token, text })
    }
    return learnt
  }

  #op({ op, line: any, back, key, foreign, set }: Choice & { readonly set: boolean }): Op {
    const line = any % this.#lines.length
    const { client, user } = this.#world.lines[line]!
    const token = this.#known(line, back)
    switch (op) {
      case 'exchange':
        return { do: op, line, token, client: foreign ? (client + 1) % CLIENTS : client, key: KEYS[key]! }
      case 'revoke':
        return { do: op, line, token }
      case 'end user':
        return { do: op, user }
      case 'end user at client':
        return { do: op, user, client }
      case 'metadata':
        return { do: op, line, family: familyOf(this.#world.lines[line]!), set }
    }
  }

  /** The number of a secret that somebody holds: so many before the latest, or the next before whose answer anybody got. */
  #known(line: number, back: number): number {
    const { secrets } = this.#lines[line]!
    let token = Math.max(1, this.#world.lines[line]!.latest - back)
    while (secrets[token - 1] === undefined) token--
    return token
  }

  async #do(op: Op, worker: number): Promise<Answered> {
    const { commands } = this.service
    switch (op.do) {
      case 'exchange': {
        const answer = await this.#workers[worker as 0 | 1].redeem(this.#request(op, giving))
        return answer.kind === 'redeemed' ? { kind: 'given', text: answer.refreshToken } : { kind: 'refused', why: WHY[answer.why] ?? answer.why }
      }
      case 'revoke': {
        const text = this.#lines[op.line]!.secrets[op.token - 1]!
        const outcome = await commands.execute(new RevokePresentedToken(text, this.#clientIds[this.#world.lines[op.line]!.client]!, ORIGIN, {}))
        return { kind: 'done', ended: outcome === 'revoked' }
      }
      case 'end user':
      case 'end user at client': {
        const selection = { userId: this.#userIds[op.user]!, ...('client' in op && { clientId: this.#clientIds[op.client]! }) }
        await commands.execute(new RevokeRefreshTokens(selection, 'api-bulk'))
        return { kind: 'done', ended: true }
      }
      case 'metadata':
        return { kind: 'done', ended: await commands.execute(new SetRefreshTokenMetadata(await this.#family(op.line), op.set ? { n: 'x' } : {})) }
    }
  }

  #request({ line, token, client, key }: Extract<Op, { do: 'exchange' }>, issue: IssueAccess<undefined>): RedeemRefreshToken {
    const { rotating, leeway, absolute, idle } = this.#world.clients[client]!
    const policy = { rotating, leewaySeconds: leeway, absoluteSeconds: absolute, idleSeconds: idle }
    const text = this.#lines[line]!.secrets[token - 1]!
    return new RedeemRefreshToken(text, this.#clientIds[client]!, policy, ORIGIN, {}, { issue, sender: { dpopThumbprint: key, confidential: false } })
  }

  /** A worker dies while it signs: nothing has happened. */
  async #killed(line: number): Promise<void> {
    const { client, key } = this.#world.lines[line]!
    const dies: IssueAccess<undefined> = () => Promise.reject(new Error('killed'))
    const request = this.#request({ do: 'exchange', line, token: this.#known(line, 0), client, key }, dies)
    await this.#workers[0].redeem(request).catch((error: Error) => expect(error.message).toBe('killed'))
    this.#workers[0] = this.#workers[0].restarted()
  }

  async #logIn(client: number, user: number, key: string | null): Promise<void> {
    const { rotating, absolute, idle } = this.#world.clients[client]!
    const grant = {
      userId: this.#userIds[user]!,
      clientId: this.#clientIds[client]!,
      sessionId: null,
      audience: null,
      scope: [],
      rotating,
      dpopThumbprint: key,
    }
    const issued = await this.#workers[0].issue.execute(new IssueRefreshToken(grant, { absoluteSeconds: absolute, idleSeconds: idle }, ORIGIN))
    this.#lines.push({ familyId: issued.familyId, secrets: [issued.refreshToken] })
    this.#world = startLine(this.#world, client, user, key)
  }

  async #setUser(user: number, to: 'fine' | 'blocked' | 'deleted'): Promise<void> {
    if (this.#world.users[user] === 'deleted') return
    const { commands } = this.service
    await commands.execute(
      to === 'deleted' ? new DeleteUser(this.#userIds[user]!, {}) : new ChangeUser(this.#userIds[user]!, { attributes: { blocked: to === 'blocked' } }, {}),
    )
    this.#world = { ...this.#world, users: this.#world.users.with(user, to) }
  }

  async #setClock(at: number): Promise<void> {
    this.#world = { ...this.#world, clock: at }
    await this.service.clock.stop(new Date(at))
  }

  /** The family that is the line's now. */
  async #family(line: number): Promise<string> {
    const { store } = this.service
    const held = this.#lines[line]!
    for (;;) {
      const { state } = await store.read(family, held.familyId)
      if (state.status !== 'revoked' || state.successorId === null) return held.familyId
      held.familyId = state.successorId
    }
  }

  /** §19: what the streams say at the end is what the model says, and follows from their events. */
  async #compareStreams(n: number, line: Line): Promise<void> {
    const { store } = this.service
    const familyId = await this.#family(n)
    const { state } = await store.read(familyUnderMarks, familyId)
    expect(state.status).toBe(line.alive ? 'active' : 'revoked')
    if (state.status === 'active') {
      const { expiresAt, idleExpiresAt, dpopThumbprint, rotating } = state
      expect({ expiresAt, idleExpiresAt, dpopThumbprint, rotating, metadata: state.metadata !== null, rotatedAt: state.rotatedAt }).toEqual({
        expiresAt: iso(line.expiresAt),
        idleExpiresAt: iso(line.idleExpiresAt),
        dpopThumbprint: line.key,
        rotating: line.rotated.at(-1),
        metadata: line.metadata,
        rotatedAt: iso(line.latestAt),
      })
    }
    const events = await store.history(family, familyId)
    expect(JSON.parse(JSON.stringify(fold(family, events)))).toEqual((await store.read(family, familyId)).state)
    expect(events.filter(({ type }) => type === 'FamilyRevoked').length).toBeLessThanOrEqual(1)
    const times = events.map(({ metadata }) => metadata.at)
    expect(times).toEqual([...times].sort())
  }
}

type Answered =
  { readonly kind: 'given'; readonly text: string } | { readonly kind: 'refused'; readonly why: string } | { readonly kind: 'done'; readonly ended: boolean }

/** Who asks cannot tell these apart, and the model does not. */
const WHY: Record<string, string> = { revoked: 'dead' }

const giving: IssueAccess<undefined> = (_, user) => {
  if (!user) return Promise.resolve({ refused: 'user-gone', error: 'invalid_grant', description: '' })
  if (user.profile.blocked) return Promise.resolve({ refused: 'user-blocked', error: 'invalid_grant', description: '' })
  return Promise.resolve({ access: { accessTokenId: null, audience: null, scope: [] }, tokens: undefined })
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]))
}
