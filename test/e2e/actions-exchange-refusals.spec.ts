import { ActionExchanges, type Holder } from '../support/action-exchanges.js'
import type { Json, TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type Answer, UNKNOWN } from '../support/oauth.js'

let exchanges: ActionExchanges
let service: TestApp
beforeAll(async () => {
  exchanges = await ActionExchanges.start({ ACTIONS_TIMEOUT_MS: '1500' })
  ;({ service } = exchanges)
})
afterAll(() => service.close())

const holder = (): Promise<Holder> => exchanges.holder()
const row = (familyId: string): Promise<Json> => exchanges.row(familyId)
const events = (familyId: string): Promise<Json[]> => exchanges.events(familyId)
const logs = (type: string, field: string, value: string): Promise<Json[]> => exchanges.logs(type, field, value)

describe('a bound Action', () => {
  beforeAll(() => exchanges.actions.bind('post-login', exchanges.told))

  describe('that refuses', () => {
    const untouched = async (held: Holder, act: string): Promise<Answer> => {
      const before = await row(held.familyId)
      const answer = await held.act(act)
      expect(await row(held.familyId)).toEqual(before)
      return answer
    }
    const userMetadata = async ({ userId }: Holder): Promise<Json> => (await service.api('GET', `users/${encodeURIComponent(userId)}`)).body.user_metadata ?? {}

    test.each([
      ['denies', `api.refreshToken.setMetadata('x', '1'); api.access.deny('ada@example.com may not')`, 403, 'access_denied', 'ada@example.com may not', true],
      ['refuses with a code', `api.validation.error('E1', 'not valid')`, 403, 'access_denied', 'not valid', true],
      ['throws', `throw new Error('boom')`, 403, 'access_denied', 'boom', false],
      ['takes too long', `await new Promise(() => {})`, 403, 'access_denied', 'The execution of an Action timed out.', false],
      [
        'sets wrong metadata',
        `api.refreshToken.setMetadata('bad key!', 'x')`,
        403,
        'access_denied',
        'Failed to set refresh token metadata: Invalid metadata: Metadata keys may only include letters, numbers, underscores, or hyphens',
        false,
      ],
      [
        'wants to redirect',
        `api.redirect.sendUserTo('https://app.example.com/')`,
        403,
        'interaction_required',
        'An Action wants to redirect, which this flow cannot do.',
        true,
      ],
      [
        'wants a second factor',
        `api.refreshToken.setMetadata('x', '1'); api.multifactor.enable('any')`,
        403,
        'mfa_required',
        'Multifactor authentication required',
        false,
      ],
      ['ends a session that is not there', `api.session.revoke('away')`, 403, 'access_denied', 'away', true],
    ])('and %s leaves the refresh token as it was', async (_, act, status, error, error_description, applies) => {
      const held = await holder()
      const answer = await untouched(held, `api.user.setUserMetadata('seen', true); ${act}`)
      expect({ status: answer.status, body: answer.body }).toEqual({ status, body: { error, error_description } })
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(await userMetadata(held)).toEqual(applies ? { seen: true } : {})
      expect((await held.act()).status).toBe(200)
    })

    test('is told of by the log, with the execution, and its words only to who may read of the person', async () => {
      const held = await holder()
      await held.act(`api.access.deny('ada@example.com may not')`)
      const [failed] = await eventually(async () => {
        const found = await logs('fertft', 'user_id', held.userId)
        return found.length > 0 && found
      })
      expect(failed).toMatchObject({
        description: 'ada@example.com may not',
        details: {
          actions: { executions: [expect.any(String)] },
          familyId: held.familyId,
          error: { oauthError: 'access_denied', message: 'ada@example.com may not' },
        },
      })
      expect((await service.api('GET', `actions/executions/${failed.details.actions.executions[0]}`)).body.results).toHaveLength(1)
      const { rows } = await service.pool.query<{ text: string }>(
        `select data::text as text from events where type = 'ExchangeFailed' order by sequence desc limit 1`,
      )
      expect(rows[0]!.text).not.toContain('ada@example.com')
    })

    test('and revokes ends the refresh token for good', async () => {
      const held = await holder()
      expect(await held.act(`if (event.refresh_token) api.refreshToken.revoke('Invalid IP change'); api.user.setUserMetadata('seen', true)`)).toMatchObject({
        status: 403,
        body: { error: 'access_denied', error_description: 'Invalid IP change' },
      })
      expect(await userMetadata(held)).toEqual({ seen: true })
      expect(await held.act()).toMatchObject(UNKNOWN)
      const last = (await events(held.familyId)).at(-1)
      expect(last).toMatchObject({
        type: 'FamilyRevoked',
        data: { reason: 'action' },
        metadata: { actions: { id: expect.any(String) }, sessionId: 'session-1' },
      })
      const [revoked] = await eventually(async () => {
        const found = await logs('srrt', 'user_id', held.userId)
        return found.length > 0 && found
      })
      expect(revoked.details).toMatchObject({ credential_id: held.familyId, session_id: 'session-1', actions: { executions: [last.metadata.actions.id] } })
      expect((await logs('fertft', 'user_id', held.userId)).length).toBeGreaterThan(0)
    })
  })
})
