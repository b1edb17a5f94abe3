import { given } from '../../event-store/testing.js'
import type { OrganizationConnection, OrganizationEvent } from './organization.events.js'
import {
  changeOrganization,
  changeOrganizationConnection,
  changeOrganizationGrants,
  createOrganization,
  deleteOrganization,
  MAX_ORGANIZATION_ITEMS,
  organization,
} from './organization.js'

const document = { id: 'org_1', name: 'acme', display_name: 'Acme' }
const connection = (connection_id: string): OrganizationConnection => ({
  connection_id,
  assign_membership_on_login: false,
  show_as_button: true,
  is_signup_enabled: false,
  is_enabled: true,
})
const created = (connections: OrganizationConnection[] = []): OrganizationEvent => ({
  type: 'OrganizationCreated',
  data: { organization: document, connections },
})

describe('an organization', () => {
  it('is created once, changed where it differs, and deleted once', () => {
    expect(given(organization).when((state) => createOrganization(state, document))).toEqual({ events: [created()], result: 'created' })
    expect(given(organization, created()).when((state) => createOrganization(state, document)).result).toBe('exists')
    const { events } = given(organization, created()).when((state) => changeOrganization(state, { name: 'acme', display_name: undefined }))
    expect(events).toEqual([{ type: 'OrganizationChanged', data: { changes: { display_name: { from: 'Acme' } } } }])
    expect(given(organization, created(), ...events).state).toMatchObject({ organization: { id: 'org_1', name: 'acme' } })
    expect(given(organization, created()).when(deleteOrganization).result).toBe('deleted')
    for (const decide of [
      deleteOrganization,
      (state: Parameters<typeof changeOrganization>[0]) => changeOrganization(state, { name: 'x' }),
      (state: Parameters<typeof changeOrganization>[0]) => changeOrganizationConnection(state, { remove: 'con_1' }),
      (state: Parameters<typeof changeOrganization>[0]) => changeOrganizationGrants(state, { add: 'cgr_1' }),
    ]) {
      expect(given(organization).when(decide)).toEqual({ events: [], result: 'absent' })
    }
  })

  it('has each connection once, as it was set last', () => {
    const one = given(organization, created([connection('con_1')]))
    expect(one.when((state) => changeOrganizationConnection(state, { add: connection('con_1') }))).toEqual({ events: [], result: 'exists' })
    const changed = one.when((state) => changeOrganizationConnection(state, { change: 'con_1', to: { is_enabled: false, show_as_button: true } }))
    expect(changed.events).toEqual([
      { type: 'OrganizationConnectionChanged', data: { connectionId: 'con_1', changes: { is_enabled: { from: true, to: false } } } },
    ])
    const after = given(organization, created([connection('con_1')]), ...changed.events)
    expect(after.state).toMatchObject({ connections: [{ connection_id: 'con_1', is_enabled: false }] })
    expect(after.when((state) => changeOrganizationConnection(state, { change: 'con_1', to: { is_enabled: false } })).events).toEqual([])
    expect(after.when((state) => changeOrganizationConnection(state, { change: 'con_2', to: {} })).result).toBe('missing')
    const { events } = after.when((state) => changeOrganizationConnection(state, { remove: 'con_1' }))
    const empty = given(organization, created([connection('con_1')]), ...changed.events, ...events)
    expect(empty.state).toMatchObject({ connections: [] })
    expect(empty.when((state) => changeOrganizationConnection(state, { remove: 'con_1' }))).toEqual({ events: [], result: 'missing' })
  })

  it('has each client grant once, and so many and no more', () => {
    const { events } = given(organization, created()).when((state) => changeOrganizationGrants(state, { add: 'cgr_1' }))
    const one = given(organization, created(), ...events)
    expect(one.state).toMatchObject({ clientGrants: ['cgr_1'] })
    expect(one.when((state) => changeOrganizationGrants(state, { add: 'cgr_1' }))).toEqual({ events: [], result: 'exists' })
    const removed = one.when((state) => changeOrganizationGrants(state, { remove: 'cgr_1' }))
    expect(given(organization, created(), ...events, ...removed.events).state).toMatchObject({ clientGrants: [] })
    expect(given(organization, created()).when((state) => changeOrganizationGrants(state, { remove: 'cgr_1' })).result).toBe('missing')

    const many = (n: number): OrganizationEvent[] =>
      Array.from({ length: n }, (_, i) => ({ type: 'OrganizationClientGrantAdded', data: { grantId: `cgr_${i}` } }))
    const last = given(organization, created(), ...many(MAX_ORGANIZATION_ITEMS - 1))
    expect(last.when((state) => changeOrganizationGrants(state, { add: 'more' })).result).toBe('changed')
    const full = given(organization, created(), ...many(MAX_ORGANIZATION_ITEMS))
    expect(full.when((state) => changeOrganizationGrants(state, { add: 'more' }))).toEqual({ events: [], result: 'too many' })
  })
})
