import type { ClientDocument } from './client/client.events.js'
import { CLIENT_DEFAULTS } from './client/client.js'
import { grantedScope, type ScopeRequest } from './granted-scope.js'
import type { ResourceServerDocument } from './resource-server/resource-server.events.js'
import { RESOURCE_SERVER_DEFAULTS } from './resource-server/resource-server.js'

const client: ClientDocument = { ...CLIENT_DEFAULTS, client_id: 'c', name: 'c', oidc_conformant: true, grant_types: ['authorization_code', 'refresh_token'] }
const api: ResourceServerDocument = {
  ...RESOURCE_SERVER_DEFAULTS,
  id: 'a',
  identifier: 'https://api',
  name: 'a',
  allow_offline_access: true,
  scopes: [{ value: 'read:x' }, { value: 'write:x' }],
}
const granted = (requested: string, request: Partial<ScopeRequest> = {}): string =>
  grantedScope({ requested: requested.split(' '), client, api, administrator: false, ...request }).join(' ')

describe('the granted scope', () => {
  it('is the known part of the requested one, once each and in its order', () => {
    expect(granted('write:x openid nothing read:x write:x profile')).toBe('write:x openid read:x profile')
    expect(granted('openid read:x', { api: undefined })).toBe('openid')
  })

  it('is bound by the client’s grant where one applies', () => {
    expect(granted('openid read:x write:x', { clientGrantScope: ['read:x'] })).toBe('openid read:x')
  })

  it('has offline access where client, API and kind of application allow it', () => {
    expect(granted('offline_access')).toBe('offline_access')
    expect(granted('offline_access', { api: { ...api, allow_offline_access: false } })).toBe('')
    expect(granted('offline_access', { client: { ...client, grant_types: ['authorization_code'] } })).toBe('')
    const loose = { ...client, oidc_conformant: false }
    expect([granted('offline_access', { client: loose }), granted('offline_access', { client: loose, api: undefined })]).toEqual(['offline_access', ''])
    const spa = { ...client, app_type: 'spa' }
    expect(granted('offline_access', { client: spa })).toBe('')
    expect(granted('offline_access', { client: { ...spa, refresh_token: { rotation_type: 'rotating' } } })).toBe('offline_access')
  })

  it('never names online access', () => {
    expect(granted('openid online_access')).toBe('openid')
  })

  it('gives the Management API’s power to administrators only, through clients that have it only, and one’s own to everybody', () => {
    const management = { ...api, is_system: true, scopes: [{ value: 'read:users' }] }
    const asked = 'read:users read:current_user'
    expect(granted(asked, { api: management })).toBe('read:current_user')
    expect(granted(asked, { api: management, administrator: true })).toBe('read:current_user')
    expect(granted(asked, { api: management, clientGrantScope: ['read:users'] })).toBe('read:current_user')
    expect(granted(asked, { api: management, clientGrantScope: ['read:users'], administrator: true })).toBe(asked)
  })
})
