import { at, given } from '../../event-store/testing.js'
import type { ConsentEvent } from './consent.events.js'
import { consent, settle, withdraw } from './consent.js'

const parties = { userId: 'auth0|ada', clientId: 'app', audience: 'https://api' }
const allowed = (scope: readonly string[], asked = true): ConsentEvent => ({ type: 'ConsentGiven', data: { ...parties, scope, asked } })
const withdrawn: ConsentEvent = { type: 'ConsentWithdrawn', data: { ...parties, reason: 'deleted' } }
const time = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second))
const asking = { unasked: 'remembered' } as const

describe("somebody else's client", () => {
  it('must ask, the first time and for anything new', () => {
    expect(given(consent).when((state) => settle(state, parties, ['openid'], asking))).toEqual({ events: [], result: 'needed' })
    expect(given(consent, allowed(['openid'])).when((state) => settle(state, parties, ['openid', 'read:x'], asking)).result).toBe('needed')
    expect(given(consent, allowed(['openid']), withdrawn).when((state) => settle(state, parties, ['openid'], asking)).result).toBe('needed')
  })

  it('need not ask for what it was allowed', () => {
    const history = given(consent, allowed(['openid', 'read:x']))
    expect(history.when((state) => settle(state, parties, ['read:x'], asking))).toEqual({ events: [], result: 'given' })
    expect(history.when((state) => settle(state, parties, [], asking)).result).toBe('given')
  })

  it('has what the person accepts, and what they had accepted before', () => {
    expect(given(consent).when((state) => settle(state, parties, ['openid'], 'accepted')).events).toEqual([allowed(['openid'])])
    const { events } = given(consent, allowed(['openid', 'a'])).when((state) => settle(state, parties, ['openid', 'b'], 'accepted'))
    expect(events).toEqual([allowed(['openid', 'a', 'b'])])
  })

  it('must ask who bears the id after another that it was given by, and has nothing of it then', () => {
    const history = given(consent, allowed(['openid', 'a']))
    const heir = (answer: Parameters<typeof settle>[3]) => history.when((state) => settle(state, parties, ['openid'], answer, true))
    expect(heir(asking)).toEqual({ events: [], result: 'needed' })
    expect(heir('accepted').events).toEqual([{ type: 'ConsentWithdrawn', data: { ...parties, reason: 'user-deleted' } }, allowed(['openid'])])
  })

  it('that wants the person to be asked must ask, whatever was allowed; an answer that changes nothing is no event', () => {
    const history = given(consent, allowed(['openid']))
    expect(history.when((state) => settle(state, parties, ['openid'], { unasked: 'nothing' })).result).toBe('needed')
    expect(history.when((state) => settle(state, parties, ['openid'], 'accepted'))).toEqual({ events: [], result: 'given' })
  })
})

it("a client of the tenant's own is recorded without asking, and what is new with it", () => {
  const own = { unasked: 'all' } as const
  expect(given(consent).when((state) => settle(state, parties, ['openid'], own)).events).toEqual([allowed(['openid'], false)])
  const history = given(consent, allowed(['openid'], false))
  expect(history.when((state) => settle(state, parties, ['openid'], own))).toEqual({ events: [], result: 'given' })
  expect(history.when((state) => settle(state, parties, ['read:x'], own)).events).toEqual([allowed(['openid', 'read:x'], false)])
})

describe('withdrawing', () => {
  const first = at(time(10), allowed(['openid']))

  it('takes everything, once, and tells whose it was', () => {
    expect(given(consent, first).when((state) => withdraw(state, 'deleted'))).toEqual({ events: [withdrawn], result: parties })
    expect(given(consent, first, withdrawn).when((state) => withdraw(state, 'deleted'))).toEqual({ events: [], result: parties })
    expect(given(consent).when((state) => withdraw(state, 'deleted'))).toEqual({ events: [], result: undefined })
  })

  it('as of a time leaves alone what was first given later', () => {
    const until = (second: number) =>
      given(consent, first, at(time(20), allowed(['openid', 'a']))).when((s) => withdraw(s, 'deleted', time(second).toISOString()))
    expect(until(9)).toEqual({ events: [], result: parties })
    expect(until(10).events).toEqual([withdrawn])
    expect(until(15).events).toEqual([withdrawn])
  })

  it('forgets what had been allowed', () => {
    const { events } = given(consent, first, withdrawn).when((state) => settle(state, parties, ['b'], 'accepted'))
    expect(events).toEqual([allowed(['b'])])
  })
})
