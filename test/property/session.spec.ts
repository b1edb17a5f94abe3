import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { fold } from '../../src/event-store/event-store.js'
import { EndSession, GrantOnlineAccess, ReauthenticateSession, RedeemOnlineToken, SetSessionMetadata, TouchSession } from '../../src/sessions/index.js'
import { newSalt, newSessionId } from '../../src/sessions/session-cookie.js'
import { sessionOfUser } from '../../src/sessions/session/session-of-user.js'
import { type ActiveSession, session, startSession } from '../../src/sessions/session/session.js'
import { ChangeTenantSettings, EndLogins } from '../../src/users/index.js'
import { apply, type Lifetimes, type Op, type Outcome, permutations, started, type World } from './session-model.js'
import { tryHistories } from './try-histories.js'
import { type TwoWorkers, twoWorkers } from './two-workers.js'

const SECONDS = 4

/*
 * Random histories of a session: logins, uses, online exchanges, metadata, ends, sweeps, marks, other settings and clock steps through short
 * lifetimes, some of it at once, on two workers with connections of their own. After each step the service must have answered as the model does
 * (session-model.ts), for steps at once in some order of them; at the end its stream must say so too.
 */

const ORIGIN = { ip: '203.0.113.7', userAgent: 'property' }
const HOUR_MS = 3_600_000
const TERMS = { clientId: 'spa', audience: 'https://api.example/', scope: ['openid'], dpopThumbprint: 'key' }

let service: TwoWorkers
let runs = 0
beforeAll(async () => {
  service = await twoWorkers()
})
afterAll(() => service.close())

interface Choice {
  readonly op: Op
  readonly worker: number
}
type Step =
  | { readonly do: 'at once'; readonly choices: readonly Choice[] }
  | { readonly do: 'clock'; readonly ms: number }
  | { readonly do: 'settings'; readonly lifetimes: Lifetimes }

class History {
  readonly #commands = [service.commandsOf(0), service.commandsOf(1)] as const
  readonly #id = newSessionId()
  #userId = ''
  #token = ''
  #world: World

  constructor(run: number, lifetimes: Lifetimes) {
    // Each run has an hour of its own before the next one's.
    const clock = Date.UTC(2030, 0, 1) + run * HOUR_MS
    this.#world = { clock, lifetimes, session: started(clock, lifetimes) }
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.#start()
    for (const step of steps) await this.#step(step)
    await this.#compareStream()
  }

  /** Asks for an exchange on the other worker as soon as the end is told on this one, while the others are still at it. */
  async endAmid(others: readonly Choice[], worker: number): Promise<void> {
    await this.#start()
    const underWay = others.map((other) => this.#do(other.op, other.worker as 0 | 1))
    expect(await this.#do({ do: 'end' }, worker as 0 | 1)).toBe('ended')
    expect(await this.#do({ do: 'exchange', mistake: 'none' }, worker === 0 ? 1 : 0)).toBe('refused: over')
    await Promise.all(underWay)
    expect((await service.store.history(session, this.#id)).at(-1)!.type).toBe('SessionEnded')
  }

  async #start(): Promise<void> {
    const { lifetimes, clock } = this.#world
    await service.clock.stop(new Date(clock))
    this.#userId = await service.newUser()
    await this.#configure(lifetimes)
    const ends = { absoluteSeconds: lifetimes.absolute / 1000, idleSeconds: lifetimes.idle / 1000 }
    const login = { userId: this.#userId, clientId: 'spa', connection: 'db', method: 'pwd' }
    await service.store.transact(session, this.#id, (state, now) => startSession(state, login, { persistent: true, salt: newSalt() }, ends, now))
    this.#token = (await this.#commands[0].execute(new GrantOnlineAccess(this.#id, TERMS, {})))!
  }

  async #step(step: Step): Promise<void> {
    switch (step.do) {
      case 'clock':
        this.#world = { ...this.#world, clock: this.#world.clock + step.ms }
        return service.clock.stop(new Date(this.#world.clock))
      case 'settings':
        this.#world = { ...this.#world, lifetimes: step.lifetimes }
        return this.#configure(step.lifetimes)
      case 'at once':
        return this.#atOnce(step.choices)
    }
  }

  async #atOnce(choices: readonly Choice[]): Promise<void> {
    // A mark names a moment: it is set when the clock has come to where the session is.
    const { lastAt } = this.#world.session
    if (choices.some(({ op }) => op.do === 'mark') && this.#world.clock < lastAt) await this.#step({ do: 'clock', ms: lastAt - this.#world.clock })
    const answers = await Promise.all(choices.map(({ op, worker }) => this.#do(op, worker as 0 | 1)))
    // Of metadata set twice the answers do not tell which came last; the session does.
    const left = await this.#left()
    for (const order of permutations(choices.map((_, n) => n))) {
      const outcomes: Outcome[] = []
      let world = this.#world
      for (const n of order) ({ world, outcome: outcomes[n] } = apply(world, choices[n]!.op))
      if (outcomes.every((outcome, n) => outcome === answers[n]) && isDeepStrictEqual(modelled(world), left)) {
        this.#world = world
        return
      }
    }
    const one = choices.map(({ op }) => apply(this.#world, op).outcome)
    const both = `${JSON.stringify(answers)} to ${JSON.stringify(choices)} and left ${JSON.stringify(left)}`
    throw new Error(`the service answered ${both}; the model, to each alone: ${JSON.stringify(one)} from ${JSON.stringify(modelled(this.#world))}`)
  }

  async #do(op: Op, worker: 0 | 1): Promise<Outcome> {
    const commands = this.#commands[worker]
    switch (op.do) {
      case 'log in again': {
        const login = { userId: this.#userId, clientId: 'web', connection: 'db', method: 'pwd' }
        const after = await commands.execute(new ReauthenticateSession(this.#id, login, {}))
        return after ? `login ${after.cookieGeneration} until ${ms(after.expiresAt)}, idle ${ms(after.idleExpiresAt)}` : 'over'
      }
      case 'touch': {
        const after = await commands.execute(new TouchSession(this.#id, { clientId: 'web', silent: true }, {}))
        return after ? `touched until ${ms(after.expiresAt)}, idle ${ms(after.idleExpiresAt)}` : 'over'
      }
      case 'exchange': {
        const sender = { clientId: op.mistake === 'foreign' ? 'web' : 'spa', dpopThumbprint: op.mistake === 'binding' ? 'other' : 'key' }
        const issue = () => Promise.resolve({ access: { accessTokenId: null, audience: null, scope: [] }, tokens: 'tokens' })
        const answer = await commands.execute(new RedeemOnlineToken<unknown, unknown>(this.#token, sender, ORIGIN, {}, issue))
        return answer.kind === 'refused' ? `refused: ${answer.why}` : answer.kind
      }
      case 'metadata':
        return (await commands.execute(new SetSessionMetadata(this.#id, op.set ? { seen: 'yes' } : {}))) ? 'set' : 'over'
      case 'end':
        return commands.execute(new EndSession(this.#id, 'api', {}))
      case 'sweep':
        return commands.execute(new EndSession(this.#id, 'expired', {}))
      case 'mark':
        await commands.execute(new EndLogins(this.#userId, {}))
        return 'marked'
    }
  }

  async #left(): Promise<object | 'ended'> {
    const { state } = await service.store.read(sessionOfUser, this.#id)
    return state.status === 'active' ? seen(state) : 'ended'
  }

  #configure({ absolute, idle }: Lifetimes): Promise<void> {
    return service.commands.execute(new ChangeTenantSettings({ session_lifetime: absolute / HOUR_MS, idle_session_lifetime: idle / HOUR_MS }, {}))
  }

  /** What the stream says at the end is what the model says, and follows from its events; nothing comes after its end. */
  async #compareStream(): Promise<void> {
    expect(await this.#left()).toEqual(modelled(this.#world))
    const events = await service.store.history(session, this.#id)
    expect(JSON.parse(JSON.stringify(fold(session, events)))).toEqual((await service.store.read(session, this.#id)).state)
    const end = events.findIndex(({ type }) => type === 'SessionEnded')
    if (end >= 0) expect(end).toBe(events.length - 1)
    const times = events.map(({ metadata }) => metadata.at)
    expect(times).toEqual([...times].sort())
  }
}

const modelled = ({ session: { over, ...rest } }: World): object | 'ended' => (over === 'no' ? rest : 'ended')
const ms = (at: string): number => Date.parse(at)
const seen = (state: ActiveSession): object => ({
  ...{ authenticatedAt: ms(state.authenticatedAt), usedAt: ms(state.lastInteractedAt), expiresAt: ms(state.expiresAt), idleExpiresAt: ms(state.idleExpiresAt) },
  ...{ idle: state.idleSeconds * 1000, logins: state.cookieGeneration, metadata: state.metadata !== null, lastAt: ms(state.updatedAt) },
})

const lifetimes: fc.Arbitrary<Lifetimes> = fc.record({ absolute: fc.constantFrom(30_000, 60_000, 600_000), idle: fc.constantFrom(10_000, 20_000, 120_000) })
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom<Op[]>({ do: 'exchange', mistake: 'none' }) },
  { weight: 1, arbitrary: fc.constantFrom<Op[]>({ do: 'exchange', mistake: 'foreign' }, { do: 'exchange', mistake: 'binding' }) },
  { weight: 8, arbitrary: fc.constantFrom<Op[]>({ do: 'touch' }, { do: 'log in again' }) },
  { weight: 3, arbitrary: fc.boolean().map((set): Op => ({ do: 'metadata', set })) },
  { weight: 2, arbitrary: fc.constantFrom<Op[]>({ do: 'end' }, { do: 'sweep' }) },
)
const choice = (of: fc.Arbitrary<Op>): fc.Arbitrary<Choice> => fc.record({ op: of, worker: fc.nat(1) })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.array(choice(op), { minLength: 1, maxLength: 3 }).map((choices): Step => ({ do: 'at once', choices })) },
  { weight: 1, arbitrary: choice(fc.constant({ do: 'mark' as const })).map((made): Step => ({ do: 'at once', choices: [made] })) },
  {
    weight: 5,
    arbitrary: fc.oneof(fc.integer({ min: -5_000, max: 12_000 }), fc.constantFrom(9_999, 10_000, 30_000)).map((by): Step => ({ do: 'clock', ms: by })),
  },
  { weight: 4, arbitrary: lifetimes.map((changed): Step => ({ do: 'settings', lifetimes: changed })) },
)

/** What chance seldom brings: settings that were lowered end it at its next use, by either end. */
const LOWERED = (['exchange', 'touch'] as const).flatMap((use) =>
  [
    { absolute: 30_000, idle: 120_000 },
    { absolute: 600_000, idle: 10_000 },
  ].map((lower): [Lifetimes, Step[]] => [
    { absolute: 600_000, idle: 120_000 },
    [
      { do: 'settings', lifetimes: lower },
      { do: 'clock', ms: 30_000 },
      { do: 'at once', choices: [{ op: use === 'exchange' ? { do: use, mistake: 'none' } : { do: use }, worker: 0 }] },
    ],
  ]),
)

it('answers every history of a session as the model does', async () => {
  const steps = fc.array(step, { minLength: 5, maxLength: 30 })
  const histories = (isOver: () => boolean) =>
    fc.asyncProperty(lifetimes, steps, async (initial, played) => {
      if (!isOver()) await new History(runs++, initial).play(played)
    })
  await tryHistories(histories, { atMost: 400, seconds: SECONDS, examples: LOWERED })
})

it('ended on one worker, it refuses the next online exchange on the other, whatever is under way', async () => {
  const crowd = fc.array(choice(fc.constantFrom<Op[]>({ do: 'exchange', mistake: 'none' }, { do: 'touch' }, { do: 'metadata', set: true })), { maxLength: 6 })
  const ends = (isOver: () => boolean) =>
    fc.asyncProperty(crowd, fc.nat(1), async (others, worker) => {
      if (!isOver()) await new History(runs++, { absolute: 600_000, idle: 120_000 }).endAmid(others, worker)
    })
  await tryHistories(ends, { atMost: 300, seconds: SECONDS / 2 })
})
