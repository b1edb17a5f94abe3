import type { Command } from '../rules/commands.js'
import type { BoundAction } from './bound-action.js'
import { decisions } from './decisions.js'

const code = `exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('color', 1); api.accessToken.addScope('read:x') }`

function decided(...commands: readonly object[]): string[] {
  const program = { id: 'p', trigger: 'post-login', code, bundle: undefined, secrets: {}, allowedHosts: [] }
  const action: BoundAction = { bindingId: 'b', actionId: 'a', name: 'A', versionId: 'v', number: 1, program }
  return decisions({ action, commands: commands as Command[] })
}

describe('what events tell of an Action in clear', () => {
  it('names what the code names, once, and no value', () => {
    const claim = { type: 'claim', token: 'idToken', key: 'color', value: 'pink' }
    const commands = [claim, { ...claim, value: 'blue' }, { type: 'scope', change: 'add', scope: 'read:x' }, { type: 'access.deny', reason: 'Ada' }]
    expect(decided(...commands)).toEqual(['idToken.claim color', 'scope add read:x', 'access.deny'])
  })

  it('hides what was computed, which may be about the person', () => {
    const commands = [
      { type: 'claim', token: 'accessToken', key: 'https://x.example/ada@example.com', value: 1 },
      { type: 'scope', change: 'remove', scope: 'ada' },
      { type: 'user.metadata', kind: 'app_metadata', key: 'ada', value: 1 },
      { type: 'refreshToken.metadata', operation: { op: 'set', key: 'ada', value: 'x' } },
      { type: 'refreshToken.metadata', operation: { op: 'set', key: 'lovelace', value: 'x' } },
      { type: 'session.metadata', operation: { op: 'evict' } },
    ]
    const hidden = ['accessToken.claim *', 'scope remove *', 'app_metadata *', 'refreshToken.metadata set *', 'session.metadata evict']
    expect(decided(...commands)).toEqual(hidden)
  })

  it('bears what a runner that was tampered with sends', () => {
    expect(decided({ type: 'session.metadata' }, { type: 'claim', token: 'ada', key: 7 })).toEqual(['session.metadata set *', 'idToken.claim *'])
  })
})
