import { FindConnection } from '../../src/users/index.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { aPerson, DIRECTORY } from '../support/people.js'

const NO_ORGANIZATION = { statusCode: 404, error: 'Not Found', message: 'No organization found by that id or name' }

let service: TestApp
let userId: string
let directory: string
beforeAll(async () => {
  service = await startApp()
  ;({ userId } = await aPerson(service))
  directory = (await service.queries.execute(new FindConnection(DIRECTORY)))!.id
})
afterAll(() => service.close())

const api = (method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> => service.api(method, path, body)
const organizationOf = async (name: string, more: object = {}): Promise<string> => (await api('POST', 'organizations', { name, ...more })).body.id

describe('organizations', () => {
  it('are made, read, changed, listed and deleted', async () => {
    const branding = { logo_url: 'https://acme.example/logo.png', colors: { primary: '#ff0000', page_background: '#fff' } }
    const imported = { third_party_client_access: 'block', is_app_entitlement_active: false }
    const given = { name: 'acme', display_name: 'Acme Ltd', branding, metadata: { plan: 'gold', tier: '1' }, ...imported }
    const made = await api('POST', 'organizations', given)
    expect(made).toMatchObject({ status: 201, body: { id: expect.stringMatching(/^org_[A-Za-z0-9]{16}$/), ...given } })
    const { id } = made.body
    for (const at of [`organizations/${id}`, 'organizations/name/acme']) expect(await api('GET', at)).toMatchObject({ status: 200, body: made.body })

    const patched = await api('PATCH', `organizations/${id}`, { name: 'acme-2', display_name: null, metadata: { plan: 'silver', tier: null } })
    expect(patched).toMatchObject({ status: 200 })
    expect(patched.body).toEqual({ id, name: 'acme-2', branding, metadata: { plan: 'silver' }, ...imported })
    expect(await api('GET', 'organizations/name/acme')).toMatchObject({ status: 404, body: NO_ORGANIZATION })
    expect(await api('PATCH', `organizations/${id}`, { id })).toMatchObject({ status: 200, body: patched.body })
    const foreign = { message: `Payload validation error: 'Additional properties not allowed: id'.`, errorCode: 'invalid_body' }
    expect(await api('PATCH', `organizations/${id}`, { id: 'org_other', name: 'acme-3' })).toMatchObject({ status: 400, body: foreign })
    expect(await api('GET', `organizations/${id}`)).toMatchObject({ body: patched.body })

    const other = await organizationOf('zeta')
    const names = ({ body }: { body: Json }): string[] => (body.organizations ?? body).map(({ name }: Json) => name)
    expect(names(await api('GET', 'organizations'))).toEqual(['acme-2', 'zeta'])
    expect(names(await api('GET', 'organizations?sort=name:-1&include_totals=true'))).toEqual(['zeta', 'acme-2'])
    expect((await api('GET', 'organizations?page=1&per_page=1&include_totals=true')).body).toMatchObject({ start: 1, limit: 1, total: 2 })
    const first = (await api('GET', 'organizations?take=1&include_totals=true')).body
    expect(first).toMatchObject({ organizations: [{ id }], total: 2 })
    const second = (await api('GET', `organizations?take=1&from=${encodeURIComponent(first.next)}`)).body
    expect(second).toEqual({ organizations: [{ id: other, name: 'zeta' }] })

    for (const gone of [id, other]) expect(await api('DELETE', `organizations/${gone}`)).toEqual(expect.objectContaining({ status: 204, body: undefined }))
    for (const [method, at, body] of [
      ['GET', ''],
      ['PATCH', '', {}],
      ['DELETE', ''],
      ['GET', '/members'],
      ['POST', '/members', { members: [userId] }],
      ['DELETE', '/members', { members: [userId] }],
      ['GET', `/members/${encodeURIComponent(userId)}/roles`],
      ['POST', `/members/${encodeURIComponent(userId)}/roles`, { roles: ['rol_x'] }],
      ['DELETE', `/members/${encodeURIComponent(userId)}/roles`, { roles: ['rol_x'] }],
      ['GET', '/enabled_connections'],
      ['POST', '/enabled_connections', { connection_id: directory }],
      ['PATCH', `/connections/${directory}`, {}],
      ['DELETE', `/connections/${directory}`],
      ['GET', '/client-grants'],
      ['POST', '/client-grants', { grant_id: 'cgr_x' }],
      ['DELETE', '/client-grants/cgr_x'],
      ['GET', '/discovery-domains'],
      ['GET', '/clients'],
      ['GET', '/invitations'],
    ] as const) {
      const { status, body: answer } = await api(method, `organizations/${id}${at}`, body)
      expect({ method, at, status, answer }).toEqual({ method, at, status: 404, answer: NO_ORGANIZATION })
    }
  })

  it('have names of their own, also when many make one at once', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => api('POST', 'organizations', { name: 'only-one' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    const exists = { statusCode: 409, error: 'Conflict', message: 'An organization with this name already exists.', errorCode: 'conflict' }
    expect(answers.find(({ status }) => status === 409)!.body).toEqual(exists)
    const other = await organizationOf('another-one')
    expect((await api('PATCH', `organizations/${other}`, { name: 'only-one' })).body).toEqual(exists)
    expect((await api('GET', `organizations/${other}`)).body.name).toBe('another-one')
  })

  it.each([
    [{}, `'Missing required property: name' on property name`],
    [{ name: '' }, `'String is too short (0 chars), minimum 1' on property name`],
    [{ name: 'x'.repeat(51) }, `'String is too long (51 chars), maximum 50' on property name`],
    [{ name: 'Acme' }, `'String does not match pattern ^[a-z0-9][a-z0-9_-]*$' on property name`],
    [{ name: '-acme' }, `'String does not match pattern`],
    [{ name: 'a', display_name: 'x'.repeat(256) }, `'String is too long (256 chars), maximum 255' on property display_name`],
    [{ name: 'a', metadata: Object.fromEntries(Array.from({ length: 26 }, (_, n) => [n, 'x'])) }, `'Too many properties defined (26), maximum 25'`],
    [{ name: 'a', metadata: { key: 1 } }, `'Expected type string but found type integer' on property metadata`],
    [{ name: 'a', branding: { colors: { primary: '#fff' } } }, `'Missing required property: page_background' on property branding.colors.page_background`],
    [{ name: 'a', branding: { logo_url: 'javascript:alert(1)' } }, `on property branding.logo_url`],
    [{ name: 'a', enabled_connections: [{}] }, `'Missing required property: connection_id'`],
    [{ name: 'a', members: [] }, `'Additional properties not allowed: members'`],
  ])('%j is refused', async (body, message) => {
    expect(await api('POST', 'organizations', body)).toMatchObject({
      status: 400,
      body: { errorCode: 'invalid_body', message: expect.stringContaining(message) },
    })
  })

  it('are sorted in both styles', async () => {
    for (const name of ['sorted-b', 'sorted-c', 'sorted-a']) await organizationOf(name)
    const sorted = async (sort: string): Promise<string[]> => {
      const found: string[] = []
      for (let next = ''; ;) {
        const { body } = await api('GET', `organizations?include_totals=true&take=2&sort=${sort}${next && `&from=${next}`}`)
        found.push(...body.organizations.map(({ name }: Json) => name))
        if (!body.next) return found.filter((name) => name.startsWith('sorted-'))
        next = body.next
      }
    }
    expect(await sorted('name:1')).toEqual(['sorted-a', 'sorted-b', 'sorted-c'])
    expect(await sorted('name:-1')).toEqual(['sorted-c', 'sorted-b', 'sorted-a'])
    expect(await sorted('display_name:-1')).toHaveLength(3)
    expect(await sorted('created_at:-1')).toEqual(['sorted-a', 'sorted-c', 'sorted-b'])
    const all = (await api('GET', 'organizations?per_page=100&sort=name:-1')).body.map(({ name }: Json) => name)
    expect(all).toEqual([...all].sort().reverse())
  })

  it('are sorted by nothing else than their names and age', async () => {
    expect([(await api('GET', 'organizations?page=1000')).body, (await api('GET', 'organizations?page=1001')).status]).toEqual([[], 400])
    for (const sort of ['name', 'name:2', 'document:1', 'id;drop:1', '__proto__:1']) {
      expect(await api('GET', `organizations?sort=${sort}`)).toMatchObject({ status: 400, body: { errorCode: 'invalid_query_string' } })
    }
  })
})

it('are found by what they have, page by page in an order of the caller', async () => {
  const wanted = await organizationOf('found-1', { display_name: 'The Found%', metadata: { plan: 'gold' } })
  const other = await organizationOf('found-2', { display_name: 'A Find', metadata: { plan: 'tin' } })
  const search = async (q: string, more: Record<string, string> = {}): Promise<{ status: number; body: Json }> =>
    api('GET', `organizations/search?${new URLSearchParams({ q, ...more }).toString()}`)
  const ids = async (q: string, more: Record<string, string> = {}): Promise<string[]> => (await search(q, more)).body.organizations.map(({ id }: Json) => id)
  for (const q of [
    'metadata.plan:gold',
    'name:FOUND-1',
    'display_name:*ound%',
    `id:${wanted}`,
    'name:found* AND NOT metadata.plan:tin',
    'name:found-1 AND created_at:[2020-01-01 TO *]',
  ]) {
    expect([q, await ids(q)]).toEqual([q, [wanted]])
  }
  for (const q of ['metadata.plan eq "gold"', 'name sw "found" and not (metadata.plan eq "tin")', 'display_name co "OUND%" and created_at gt "2020-01-01"']) {
    expect([q, await ids(q, { parser: 'scim' })]).toEqual([q, [wanted]])
  }
  expect(await ids('name:found*', { sort: 'display_name' })).toEqual([other, wanted])
  expect([await ids('found-2'), await ids('name:found* AND created_at:[* TO 2020-01-01]')]).toEqual([[other], []])
  const first = (await search('name:found*', { take: '1' })).body
  expect(first).toMatchObject({ organizations: [{ id: wanted, metadata: { plan: 'gold' } }], next: expect.any(String) })
  expect((await search('name:found*', { take: '1', from: first.next })).body).toEqual({ organizations: [expect.objectContaining({ id: other })] })
  for (const [q, more] of [
    ['name:(', {}],
    ['secret:x', {}],
    ['name:[a TO b]', {}],
    ['created_at:2020', {}],
    ['a OR b OR c OR d OR e OR f', {}],
    ['a', { parser: 'scim' }],
    ['name eq "\\u0000"', { parser: 'scim' }],
    ['a', { parser: 'sql' }],
    ['a', { sort: 'id' }],
    ['other', { from: first.next }],
  ] as const) {
    // prettier-ignore
    expect(await search(q, more)).toMatchObject({ status: 400, body: { errorCode: 'invalid_query_string' } })
  }
})
