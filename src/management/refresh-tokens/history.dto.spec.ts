import type { RefreshTokenMarkEvent } from '../../tokens/index.js'
import { showEvent } from './history.dto.js'

type Scope = RefreshTokenMarkEvent['data']['scope']

const revoked = (scope: Scope): object => {
  const data = { scope, before: '2026-01-01T00:00:00.000Z', reason: 'api-bulk' } as const
  const event = {
    type: 'RefreshTokensRevoked',
    data,
    streamId: 'refresh_token_mark-x',
    version: 1,
    position: undefined,
    metadata: { at: data.before },
  } as const
  return showEvent(event, true, { origin: undefined, metadata: undefined }, { logId: undefined })
}

describe('one write that ended many refresh tokens', () => {
  const scopes: [scope: Scope, allOf: object][] = [
    [{ kind: 'user', userId: 'u' }, { user_id: 'u' }],
    [
      { kind: 'grant', userId: 'u', clientId: 'c', audience: null },
      { user_id: 'u', client_id: 'c', audience: null },
    ],
    [
      { kind: 'session', userId: 'u', sessionId: 's' },
      { user_id: 'u', session_id: 's' },
    ],
    [{ kind: 'organization', organizationId: 'org_1' }, { organization_id: 'org_1' }],
  ]
  it.each(scopes)('says whose: %j', (scope, allOf) => {
    expect(revoked(scope)).toMatchObject({ type: 'revoked', details: { all_of: allOf } })
  })
})
