import { PersonKeys } from '../../src/keys/person-keys.js'
import { StartSession } from '../../src/sessions/index.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type User, userPath as path, usersOf } from '../support/managed.js'
import { DIRECTORY } from '../support/people.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

const { address, made, search } = usersOf(() => service)

describe('a search', () => {
  let jane: User
  let john: User
  beforeAll(async () => {
    jane = await made({
      email: 'search.jane@find.example',
      name: 'Jane Roe',
      given_name: 'Jane',
      blocked: true,
      app_metadata: { plan: { tier: 'gold' }, tags: ['a', 'b'] },
    })
    john = await made({ email: 'search.john@find.example', name: 'John Roe', email_verified: true, user_metadata: { n: 5 } })
  })

  it.each<[string, string]>([
    ['user_id:"{jane}"', 'jane'],
    ['email:SEARCH.jane@find.example', 'jane'],
    ['email:"search.jane@find.example"', 'jane'],
    ['email.domain:find.example', 'jane john'],
    ['name:"john roe"', 'john'],
    ['name:j* AND email.domain:find.example', 'jane john'],
    ['email:search.*', 'jane john'],
    ['name:*roe', 'jane john'],
    ['name:*n?Roe', '400'],
    ['name:*oe', '400'],
    ['given_name:jane AND blocked:true', 'jane'],
    ['email.domain:find.example AND NOT blocked:true', 'john'],
    ['email.domain:find.example AND email_verified:true', 'john'],
    ['email.domain:find.example AND _exists_:given_name', 'jane'],
    ['email.domain:find.example -_exists_:given_name', 'john'],
    ['app_metadata.plan.tier:gold', 'jane'],
    ['app_metadata.tags:b AND email.domain:find.example', 'jane'],
    ['user_metadata.n:5', 'john'],
    ['user_metadata.n:*5', '400'],
    ['user_metadata.n:[1 TO 9]', '400'],
    ['search.john@find.example', 'john'],
    ['"Jane Roe" OR "John Roe"', 'jane john'],
    ['(name:"jane roe" OR name:"john roe") AND identities.connection:"Username-Password-Authentication"', 'jane john'],
    ['email.domain:find.example AND identities.provider:auth0 AND identities.isSocial:false', 'jane john'],
    ['email.domain:find.example AND identities.connection:other', ''],
    ['email.domain:find.example AND created_at:[2020-01-01 TO *]', 'jane john'],
    ['email.domain:find.example AND created_at:{* TO 2020-01-01}', ''],
    ['email.domain:find.example AND created_at:[x TO *]', '400'],
    ['email.domain:find.example AND logins_count:[1 TO *]', ''],
    ['email.domain:find.example AND NOT logins_count:[1 TO *]', 'jane john'],
    ['email.domain:find.example AND NOT name:jane*', 'john'],
    ['nothing:here', ''],
    ['email:(', '400'],
  ])('%s → %s', async (q, expected) => {
    const query = q.replace('{jane}', jane.user_id)
    if (expected === '400') {
      const { body } = await service.api('GET', `users?q=${encodeURIComponent(query)}`)
      expect(body).toMatchObject({ statusCode: 400, error: 'Bad Request', errorCode: 'invalid_query_string' })
      expect(body.message).toMatch(/^Query validation error: '.*' on property q\.$/)
      return
    }
    const ids: Record<string, string> = { jane: jane.user_id, john: john.user_id }
    expect(await search(query)).toEqual(
      expected
        .split(' ')
        .filter(Boolean)
        .map((name) => ids[name]),
    )
  })

  it('is found by what a change made, and not by what was before', async () => {
    const { user_id } = await made({ name: 'Before Change' })
    await service.api('PATCH', path(user_id), { name: 'After Change' })
    expect(await search('name:"before change"')).toEqual([])
    expect(await search('name:"after change"')).toEqual([user_id])
  })

  it('comes in the order that was asked for', async () => {
    const q = 'email.domain:find.example'
    expect(await search(q, 'sort=created_at:-1')).toEqual([john.user_id, jane.user_id])
    expect(await search(q, 'sort=name:-1')).toEqual([john.user_id, jane.user_id])
    expect(await search(q, 'sort=email:1')).toEqual([jane.user_id, john.user_id])
    expect((await service.api('GET', 'users?sort=x:1')).status).toBe(400)
  })

  it('comes in pages, with totals if they are asked for', async () => {
    const q = encodeURIComponent('email.domain:find.example')
    const first = await service.api('GET', `users?q=${q}&page=0&per_page=1&include_totals=true`)
    expect(first.body).toMatchObject({ start: 0, limit: 1, length: 1, total: 2, users: [{ user_id: jane.user_id }] })
    const end = await service.api('GET', `users?q=${q}&page=2&per_page=1&include_totals=true`)
    expect(end.body).toEqual({ start: 2, limit: 1, length: 0, total: 2, users: [] })
    expect((await service.api('GET', `users?q=${q}&fields=email&include_fields=true`)).body).toEqual([{ email: jane.email }, { email: john.email }])
    expect((await service.api('GET', 'users?page=10&per_page=100')).status).toBe(200)
    expect((await service.api('GET', 'users?page=11&per_page=100')).body).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: 'You can only page through the first 1000 records. See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation.',
      errorCode: 'invalid_query_string',
    })
    expect((await service.api('GET', 'users?per_page=101')).status).toBe(400)
  })

  it('by address alone answers a bare array', async () => {
    expect((await service.api('GET', 'users-by-email?email=SEARCH.Jane@find.example&fields=user_id')).body).toEqual([{ user_id: jane.user_id }])
    expect((await service.api('GET', 'users-by-email?email=nobody@find.example')).body).toEqual([])
    // Names with a dot reach into lists too.
    expect((await service.api('GET', 'users-by-email?email=search.jane@find.example&fields=user_id,identities.provider')).body).toEqual([
      { user_id: jane.user_id, identities: [{ provider: 'auth0' }] },
    ])
    expect((await service.api('GET', 'users-by-email')).status).toBe(400)
  })
})

it('shows and finds what logins left', async () => {
  const { user_id } = await made({ email: 'logs.in@login.example' })
  await made({ email: 'never@login.example' })
  const origin = await service.app.get(PersonKeys).seal(user_id, { ip: '203.0.113.7', userAgent: 'test' })
  const login = { userId: user_id, clientId: 'c', connection: DIRECTORY, method: 'pwd' }
  for (let n = 0; n < 2; n++) await service.commands.execute(new StartSession(login, { origin }))
  const user = await eventually(async () => [(await service.api('GET', path(user_id))).body].find(({ logins_count }) => logins_count === 2))
  expect(user).toMatchObject({ logins_count: 2, last_ip: '203.0.113.7', last_login: expect.stringMatching(/Z$/) })
  const both = 'email.domain:login.example'
  expect(await search(`${both} AND logins_count:2`)).toEqual([user_id])
  expect(await search(`${both} AND last_login:[2020-01-01 TO *]`)).toEqual([user_id])
  expect(await search(`${both} AND _exists_:last_login`)).toEqual([user_id])
  expect((await search(both, 'sort=last_login:-1'))[0]).toBe(user_id)
  await service.api('DELETE', path(user_id))
  await eventually(async () => (await service.pool.query('select from user_logins where user_id = $1', [user_id])).rowCount === 0)
})

describe('a search among very many', () => {
  const copies = async (from: number, to: number): Promise<void> => {
    const { user_id } = await made({ email: address(), name: 'Crowd' })
    await service.pool.query(
      `insert into users (user_id, connection_id, search_lookups, document, created_at, updated_at)
       select 'auth0|crowd' || n, connection_id, search_lookups, document, created_at, updated_at from users, generate_series($2::int, $3::int) as n where user_id = $1`,
      [user_id, from, to],
    )
  }

  it('opens up to its limit, and refuses by a clear text beyond; exact values are found among any number', async () => {
    await copies(1, 9000)
    expect(await search('name:Crow*', 'per_page=2')).toHaveLength(2)
    await copies(9001, 10_001)
    const { body } = await service.api('GET', 'users?q=name:Crow*')
    expect(body).toMatchObject({ statusCode: 400, errorCode: 'invalid_query_string', message: expect.stringContaining('look at 10000 users at most') })
    expect((await service.api('GET', 'users?q=name:Crowd&include_totals=true')).body.total).toBe(10_003)
    expect(await search('name:Crow* AND email.domain:login.example')).toEqual([])
    await service.pool.query(`delete from users where user_id like 'auth0|crowd%'`)
  })
})
