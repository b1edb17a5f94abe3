import type { Command } from '../rules/commands.js'
import { applyCommands, CommandError } from './apply-commands.js'
import { nothingPending } from './pending.js'

const OFFLINE = { online: false, hasSession: true, continued: false }
const start = nothingPending({ a: '1' }, {})
const apply = (...commands: unknown[]): ReturnType<typeof applyCommands> => applyCommands(start, commands as Command[], OFFLINE)

function nested(depth: number): unknown {
  let value: unknown = []
  for (let n = 1; n < depth; n++) value = [value]
  return value
}

describe('commands that leave the sandbox', () => {
  it.each([
    ['a command that nobody knows', { type: 'eval', code: '1' }],
    ['no type at all', {}],
    ['another trigger’s command', { type: 'targetScope', change: 'add', scopes: ['x'] }],
    ['metadata that is no text', { type: 'refreshToken.metadata', operation: { op: 'set', key: 'x', value: { toString: 'x' } } }],
    ['metadata under a wrong key', { type: 'refreshToken.metadata', operation: { op: 'set', key: 'bad key', value: 'x' } }],
    ['metadata that would become a prototype', { type: 'refreshToken.metadata', operation: { op: 'set', key: '__proto__', value: 'x' } }],
    ['a value that is too long', { type: 'session.metadata', operation: { op: 'set', key: 'x', value: 'x'.repeat(256) } }],
    ['a scope with a space', { type: 'scope', change: 'add', scope: 'a b' }],
    ['an expiry that is no number', { type: 'refreshToken.expiry', absolute: '1' }],
    ['an end of time', { type: 'session.expiry', idle: Number.POSITIVE_INFINITY }],
    ['a denial without a reason', { type: 'access.deny' }],
    ['a redirect to a script', { type: 'redirect', url: 'javascript:alert(1)' }],
    ['a redirect to nowhere', { type: 'redirect', url: 'nowhere' }],
    ['transaction metadata that is an object', { type: 'transaction.metadata', key: 'x', value: {} }],
    ['a method of authentication from an Action that sent nobody away', { type: 'recordMethod', url: 'https://mfa.example.com/' }],
    ['a code that is too long', { type: 'validation.error', code: 'x'.repeat(101), message: 'x' }],
    ['a message that is too long', { type: 'validation.error', code: 'x', message: 'x'.repeat(101) }],
    ['a claim that is nested too deeply to be written out', { type: 'claim', token: 'idToken', key: 'x', value: nested(10_000) }],
    ['user metadata that is nested as deeply', { type: 'user.metadata', kind: 'user_metadata', key: 'x', value: nested(10_000) }],
    ['user metadata that is too large', { type: 'user.metadata', kind: 'user_metadata', key: 'x', value: 'x'.repeat(33_000) }],
  ])('are refused where the api would have refused them: %s', (_, command) => {
    expect(() => apply(command)).toThrow(CommandError)
  })

  it('may hold values within values, a hundred deep', () => {
    const { pending } = apply({ type: 'claim', token: 'idToken', key: 'x', value: nested(100) })
    expect(pending.claims.idToken).toEqual({ x: nested(100) })
    expect(() => apply({ type: 'claim', token: 'idToken', key: 'x', value: nested(101) })).toThrow('nested too deeply')
  })

  it('are refused where there are too many, over all Actions', () => {
    const claims = (n: number): Command[] => Array.from({ length: n }, () => ({ type: 'claim', token: 'idToken', key: 'x', value: 1 }))
    const { pending } = applyCommands(start, claims(1500), OFFLINE)
    expect(() => applyCommands(pending, claims(501), OFFLINE)).toThrow('An execution cannot give more than 2000 commands.')
  })

  it('cannot touch an online refresh token, nor a session that is not there', () => {
    const set = { type: 'refreshToken.metadata', operation: { op: 'set', key: 'x', value: '1' } } as const
    expect(() => applyCommands(start, [set], { ...OFFLINE, online: true })).toThrow(CommandError)
    const { pending } = applyCommands(start, [{ type: 'session.metadata', operation: { op: 'set', key: 'x', value: '1' } }], {
      ...OFFLINE,
      hasSession: false,
    })
    expect(pending.session).toEqual(start.session)
  })

  it('add up: the last word on a claim and a scope, the earliest of ends, every operation on metadata', () => {
    const { pending } = apply(
      { type: 'claim', token: 'accessToken', key: 'k', value: 1 },
      { type: 'claim', token: 'accessToken', key: 'k', value: { deep: true } },
      { type: 'claim', token: 'idToken', key: 'gone', value: 1 },
      { type: 'claim', token: 'idToken', key: 'gone' },
      { type: 'scope', change: 'add', scope: 's' },
      { type: 'scope', change: 'remove', scope: 's' },
      { type: 'refreshToken.expiry', absolute: 20 },
      { type: 'refreshToken.expiry', absolute: 30, idle: 5 },
      { type: 'refreshToken.metadata', operation: { op: 'evict' } },
      { type: 'refreshToken.metadata', operation: { op: 'set', key: 'b', value: '2' } },
      { type: 'user.metadata', kind: 'app_metadata', key: 'x', value: null },
    )
    expect(pending).toMatchObject({
      claims: { accessToken: { k: { deep: true } }, idToken: {} },
      scopes: { s: 'remove' },
      refreshToken: { expiresAt: 20, idleExpiresAt: 5, metadata: { b: '2' }, operations: [{ op: 'evict' }, { op: 'set', key: 'b', value: '2' }] },
      appMetadata: { x: null },
    })
  })

  it('end the chain by the strongest of them, of denials by the first', () => {
    const deny = { type: 'access.deny', reason: 'first' }
    const redirect = { type: 'redirect', url: 'https://x.example/' }
    expect(apply(redirect, deny, { type: 'validation.error', code: 'c', message: 'second' }).ending).toEqual({ type: 'access.deny', reason: 'first' })
    expect(apply({ type: 'validation.error', code: 'c', message: 'first' }, deny).ending).toEqual({ type: 'validation.error', reason: 'first', code: 'c' })
    expect(apply(deny, { type: 'refreshToken.revoke', reason: 'r' }).ending).toEqual({ type: 'refreshToken.revoke', reason: 'r' })
    expect(apply({ type: 'refreshToken.revoke', reason: 'r' }, { type: 'session.revoke', reason: 's', preserveRefreshTokens: true }).ending).toMatchObject({
      type: 'session.revoke',
    })
    expect(apply({ type: 'unsupported', method: 'authentication.challengeWith', closed: true }, redirect).ending).toEqual(redirect)
    expect(apply({ type: 'unsupported', method: 'samlResponse.setCert', closed: false })).not.toHaveProperty('ending')
  })

  it('cannot redirect and render at once', () => {
    const commands = [
      { type: 'redirect', url: 'https://x.example/' },
      { type: 'unsupported', method: 'prompt.render', closed: true },
    ]
    expect(() => apply(...commands)).toThrow('Redirect and render commands cannot be used in the same action.')
  })

  it('that asked for what is not there beside a redirect end the flow after it, however many redirects follow', () => {
    const redirect = { type: 'redirect', url: 'https://x.example/' } as const
    const challenge = { type: 'unsupported', method: 'authentication.challengeWith', closed: true } as const
    const sent = apply(redirect, challenge)
    const sentAgain = applyCommands(sent.pending, [redirect], OFFLINE)
    expect(sentAgain.ending).toEqual(redirect)
    expect(applyCommands(sentAgain.pending, [], OFFLINE).ending).toEqual({ type: 'unsupported', method: 'authentication.challengeWith' })
    expect(applyCommands(sent.pending, [{ type: 'access.deny', reason: 'no' }], OFFLINE).ending).toMatchObject({ type: 'access.deny' })
  })
})
