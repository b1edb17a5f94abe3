import type { ResourceServerDocument } from '../authorization/index.js'
import { accessClaims, type AccessTerms } from './access-token.js'

const api = { identifier: 'https://api.example.com/', signing_alg: 'RS256' } as ResourceServerDocument
const terms: AccessTerms = { id: 'jti-1', subject: 'auth0|ada', client: { client_id: 'app' }, api, scope: ['read:x'], gty: 'refresh_token', familyId: 'rt_1' }
const claims = (over: Partial<AccessTerms>): Record<string, unknown> => accessClaims({ ...terms, ...over }, 'https://auth.example.com/', new Date(1000))

describe('what Actions say in an access token', () => {
  it('stands beside what this service says, and never in its place', () => {
    const custom = { color: 'pink', sub: 'evil', exp: 1e12, scope: 'admin', azp: 'evil', iss: 'evil', aud: 'evil', jti: 'evil', iat: 0 }
    expect(claims({ custom })).toEqual({ ...claims({}), color: 'pink' })
  })

  it('does not say what a token for /userinfo goes down with', () => {
    expect(claims({ custom: { fid: 'rt_other' } })).toMatchObject({ fid: 'rt_other' })
    expect(claims({ api: undefined, custom: { fid: 'rt_other' } })).toMatchObject({ fid: 'rt_1' })
    const { familyId: _, ...online } = terms
    expect(accessClaims({ ...online, api: undefined, custom: { fid: 'rt_other' } }, 'https://auth.example.com/', new Date(1000))).not.toHaveProperty('fid')
  })
})
