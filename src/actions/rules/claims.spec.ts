import { allowedClaims } from './claims.js'

const target = { audience: 'https://api.example.com', managementApi: 'https://auth.example.com/api/v2/' }
const kept = (...names: string[]): string[] => Object.keys(allowedClaims(Object.fromEntries(names.map((name) => [name, 1])), 'accessToken', target).claims)

describe('a custom claim', () => {
  it('may have a name of one’s own, a namespace, or that of a profile', () => {
    const names = [
      'color',
      'https://example.com/roles',
      'http://example.com/x',
      'urn:example:x',
      'email',
      'name',
      'locale',
      'https://notauth0.com/x',
      'https://auth0.com.example/x',
    ]
    expect(kept(...names)).toEqual(names)
  })

  it.each([
    'sub',
    'iss',
    'aud',
    'exp',
    'iat',
    'nbf',
    'jti',
    'azp',
    'scope',
    'permissions',
    'roles',
    'groups',
    'org_id',
    'org_name',
    'sid',
    'act',
    'cnf',
    'amr',
    'auth_time',
    'nonce',
    'x5t#S256',
    '__proto__',
  ])('may not be %s', (name) => expect(kept(name)).toEqual([]))

  it.each([
    'https://auth0.com/x',
    'https://login.auth0.com/x',
    'HTTPS://AUTH0.com/x',
    'http://webtask.io/x',
    'https://a.webtask.run/',
    'urn:auth0:x',
    'urn:evergrant:x',
  ])('may not be of the namespace %s', (name) => expect(kept(name)).toEqual([]))

  it('gets into no access token for the Management API, and into the ID token all the same', () => {
    const management = { ...target, audience: target.managementApi }
    expect(allowedClaims({ color: 1 }, 'accessToken', management)).toEqual({ claims: {}, dropped: ['color'] })
    expect(allowedClaims({ color: 1 }, 'idToken', management)).toEqual({ claims: { color: 1 }, dropped: [] })
  })
})
