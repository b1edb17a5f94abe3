import { jest } from '@jest/globals'
import { ActionsSandbox } from '../../src/actions/run/actions-sandbox.js'
import type { ClientDocument } from '../../src/authorization/index.js'
import { PersonKeys } from '../../src/keys/person-keys.js'
import { ActionLogins, only } from '../support/action-logins.js'
import type { ActionsScene } from '../support/actions.js'
import type { TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { recorded } from '../support/recorded.js'
import { answerOf } from '../support/visitor.js'

let logins: ActionLogins
let service: TestApp
let scene: ActionsScene
let client: ClientDocument
beforeAll(async () => {
  logins = await ActionLogins.start()
  ;({ service, scene, client } = logins)
})
afterAll(() => service.close())

describe('an Action that refuses a login', () => {
  /** Name, body, and what the application is told. */
  const refusals: [string, string, { error: string; error_description: string }][] = [
    ['by denying it', `api.access.deny('not on "Sundays" & holidays')`, { error: 'access_denied', error_description: 'not on "Sundays" & holidays' }],
    ['by a validation error', `api.validation.error('E42', 'wrong day')`, { error: 'access_denied', error_description: 'wrong day' }],
    ['by throwing', `throw new Error('boom')`, { error: 'access_denied', error_description: 'boom' }],
    [
      'by metadata that cannot be',
      `api.refreshToken.setMetadata('bad key!', 'x')`,
      {
        error: 'access_denied',
        error_description: 'Failed to set refresh token metadata: Invalid metadata: Metadata keys may only include letters, numbers, underscores, or hyphens',
      },
    ],
    ['by never ending', `await new Promise(() => {})`, { error: 'access_denied', error_description: 'The execution of an Action timed out.' }],
    [
      'by a factor that there is not',
      `api.multifactor.enable('any'); api.user.setUserMetadata('x', 1)`,
      { error: 'access_denied', error_description: 'Multifactor authentication required' },
    ],
  ]
  const bodies = refusals.map(([name, body]) => `if (event.transaction.login_hint === '${name}') { ${body} }`).join('\n')

  it.each(refusals)('%s is told the client, and the session stays', async (name, _, error) => {
    if (name === refusals[0]![0]) await scene.use(bodies)
    const { who, person, page, sessionId } = await logins.firstLogin({ login_hint: name })
    expect(answerOf(page)).toEqual({ ...error, state: 'some state' })
    expect(await logins.session(sessionId)).toMatchObject({ userId: person.userId })
    const codes = (await recorded(service, 'AuthorizationCodeIssued')).filter(({ data }) => data['userId'] === person.userId)
    expect(codes).toEqual([])
    const { error_description: message } = error
    const [entry, ...others] = only(await logins.logsOf(person.userId, 'f'), 's', 'f')
    expect(others).toEqual([])
    expect(entry).toMatchObject({ description: message, client_id: client.client_id })
    expect(entry.details).toMatchObject({
      session_id: sessionId,
      actions: { executions: [expect.any(String)] },
      error: { message, oauthError: 'access_denied' },
    })
    const facts = (await recorded(service, 'AuthorizeFailed')).filter(({ metadata }) => metadata['userId'] === person.userId)
    expect(JSON.stringify(facts)).not.toContain(message.slice(0, 20))
    expect((await logins.userMetadata(person.userId)) ?? {}).toEqual({})
    expect(answerOf(await logins.enter(who, person.email))).toHaveProperty('code')
  })

  it('keeps what it wanted for the person and the session, unless it throws', async () => {
    await scene.use(`api.user.setUserMetadata('first', 1); api.session.setMetadata('s', '1')`, `api.access.deny('no')`, `api.user.setUserMetadata('third', 1)`)
    const denied = await logins.firstLogin()
    expect(await logins.userMetadata(denied.person.userId)).toEqual({ first: 1 })
    expect(await logins.shownSession(denied.sessionId)).toMatchObject({ session_metadata: { s: '1' } })
    await scene.use(`api.user.setUserMetadata('first', 1); api.session.setMetadata('s', '1')`, `api.user.setUserMetadata('x', 1); throw new Error('no')`)
    const thrown = await logins.firstLogin()
    expect((await logins.userMetadata(thrown.person.userId)) ?? {}).toEqual({})
    expect(await logins.shownSession(thrown.sessionId)).toMatchObject({ session_metadata: {} })
    expect(only(await logins.logsOf(thrown.person.userId, 'actions_execution_failed'), 'actions_execution_failed')).toHaveLength(1)
  })

  it('makes nobody a new key who was deleted meanwhile', async () => {
    await scene.use()
    const { who, person } = await logins.firstLogin()
    await scene.use(`api.access.deny('no')`)
    const keys = service.app.get(PersonKeys)
    const sealed = await keys.seal(person.userId, 'x')
    const sandbox = service.app.get(ActionsSandbox, { strict: false })
    const run = sandbox.run.bind(sandbox)
    jest.spyOn(sandbox, 'run').mockImplementationOnce(async (...job) => {
      expect((await service.api('DELETE', `users/${encodeURIComponent(person.userId)}`)).status).toBe(204)
      await eventually(async () => (await keys.open(sealed)) === undefined)
      return run(...job)
    })
    expect(answerOf(await logins.enter(who, person.email, { prompt: 'none' }))).toHaveProperty('error')
    expect(only(await logins.logsOf(person.userId, 'fsa'), 'fsa')).toHaveLength(1)
    const { rowCount } = await service.pool.query('select from person_keys where person_id = $1', [person.userId])
    expect(rowCount).toBe(0)
  })

  it('in silence is answered in silence', async () => {
    await scene.use()
    const { who, person, sessionId } = await logins.firstLogin()
    const silently = async (code: string) => {
      await scene.use(code)
      return answerOf(await logins.enter(who, person.email, { prompt: 'none' }))
    }
    expect(await silently(`api.access.deny('no')`)).toMatchObject({ error: 'access_denied', error_description: 'no' })
    const redirected = await silently(`api.redirect.sendUserTo('https://terms.example/')`)
    expect(redirected).toMatchObject({ error: 'interaction_required', error_description: 'Interaction required' })
    const multifactor = await silently(`api.multifactor.enable('any')`)
    expect(multifactor).toMatchObject({ error: 'login_required', error_description: 'Multifactor authentication required' })
    const logs = await logins.logsOf(person.userId, 'fsa')
    expect(only(logs, 'fsa', 'ssa').map(({ description }) => description)).toEqual([
      'no',
      'An Action wants to redirect, which this flow cannot do.',
      'Multifactor authentication required',
    ])
    expect(await silently(`api.idToken.setCustomClaim('quiet', 1)`)).toHaveProperty('code')
    const [entry] = only(await logins.logsOf(person.userId, 'ssa'), 'ssa')
    expect(entry.details).toMatchObject({ session_id: sessionId, actions: { executions: [expect.any(String)] } })
  })
})
