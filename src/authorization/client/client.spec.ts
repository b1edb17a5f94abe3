import { given } from '../../event-store/testing.js'
import type { ClientDocument, ClientEvent } from './client.events.js'
import { changeClient, client, CLIENT_DEFAULTS, createClient, deleteClient } from './client.js'

const document: ClientDocument = { ...CLIENT_DEFAULTS, client_id: 'c1', name: 'App' }
const created: ClientEvent = { type: 'ClientCreated', data: { client: document } }
const deleted: ClientEvent = { type: 'ClientDeleted', data: {} }

describe('a client', () => {
  it('is created once, and again under an id that was deleted', () => {
    expect(given(client).when((state) => createClient(state, document))).toEqual({ events: [created], result: 'created' })
    expect(given(client, created).when((state) => createClient(state, document))).toEqual({ events: [], result: 'exists' })
    expect(given(client, created, deleted).when((state) => createClient(state, document)).result).toBe('created')
  })

  it('says which members changed and that its secret did, not what it is', () => {
    const { events } = given(client, created).when((state) => changeClient(state, { name: 'New', oidc_conformant: false }, { newSecret: true }))
    expect(events).toEqual([
      { type: 'ClientChanged', data: { changes: { name: { from: 'App', to: 'New' } } } },
      { type: 'ClientSecretChanged', data: {} },
    ])
    expect(given(client, created, ...events).state).toEqual({ status: 'present', client: { ...document, name: 'New' }, credentials: [] })
  })

  it('keeps members that this service does not know', () => {
    const { events } = given(client, created).when((state) => changeClient(state, { addons: { saml: { x: 1 } } }))
    expect(given(client, created, ...events).state).toMatchObject({ client: { addons: { saml: { x: 1 } } } })
  })

  it('that is gone is neither changed nor deleted again', () => {
    expect(given(client, created, deleted).when((state) => changeClient(state, { name: 'x' }))).toEqual({ events: [], result: 'absent' })
    expect(given(client, created, deleted).when((state) => deleteClient(state))).toEqual({ events: [], result: 'deleted' })
  })

  it('that stands for all is never deleted', () => {
    const all: ClientEvent = { type: 'ClientCreated', data: { client: { ...document, global: true } } }
    expect(given(client, all).when((state) => deleteClient(state))).toEqual({ events: [], result: 'global client' })
    expect(given(client, created).when((state) => deleteClient(state))).toEqual({ events: [deleted], result: 'deleted' })
  })
})
