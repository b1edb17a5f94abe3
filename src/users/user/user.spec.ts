import type { PersonalData } from '../../event-store/event.js'
import { at, given } from '../../event-store/testing.js'
import type { UserEvent, UserProfile } from './user.events.js'
import { appointAdministrator, changePassword, changeUser, createUser, deleteUser, loginsGuard, user } from './user.js'

const sealed = (text: string): PersonalData => text as PersonalData
const profile: UserProfile = {
  user_id: 'auth0|1',
  identities: [{ connection: 'db', connection_id: 'con_1', provider: 'auth0', user_id: '1', isSocial: false }],
  email: sealed('sealed-1'),
  email_verified: false,
}
const created: UserEvent = { type: 'UserCreated', data: { profile } }

describe('a user', () => {
  it('is created once, as an administrator if so asked', () => {
    expect(given(user).when((state) => createUser(state, profile))).toEqual({ events: [created], result: 'created' })
    expect(given(user).when((state) => createUser(state, profile, { administrator: true })).events).toEqual([
      created,
      { type: 'AdministratorAppointed', data: {} },
    ])
    expect(given(user, created).when((state) => createUser(state, profile))).toEqual({ events: [], result: 'exists' })
  })

  it('can be created again under an id that was deleted', () => {
    const deleted: UserEvent = { type: 'UserDeleted', data: {} }
    expect(given(user, created, deleted).when((state) => createUser(state, profile)).result).toBe('created')
    expect(given(user, created).state).not.toHaveProperty('idUsedBefore')
    const anew = { idUsedBefore: true, loginsEndedAt: new Date(5).toISOString() }
    for (const before of [[], [created, deleted]]) expect(given(user, created, deleted, ...before, at(new Date(5), created)).state).toMatchObject(anew)
  })

  it('changes what is named, and says what it was', () => {
    const { events } = given(user, created).when((state) => changeUser(state, { email_verified: true, email: sealed('sealed-1') }))
    expect(events).toEqual([{ type: 'UserChanged', data: { changes: { email_verified: { from: false, to: true } } } }])
    expect(given(user, created, at(new Date(5), events[0]!)).state).toMatchObject({ profile: { email_verified: true }, updatedAt: new Date(5).toISOString() })
  })

  it('has a changed password with nothing of it in the event', () => {
    expect(given(user, created).when((state) => changePassword(state))).toEqual({ events: [{ type: 'PasswordChanged', data: {} }], result: 'changed' })
  })

  it('is appointed administrator once', () => {
    const { events } = given(user, created).when((state) => appointAdministrator(state))
    expect(events).toEqual([{ type: 'AdministratorAppointed', data: {} }])
    expect(given(user, created, ...events).when((state) => appointAdministrator(state)).events).toEqual([])
  })

  it('has what was decided for a login decided again where it ends logins, and nowhere else', () => {
    const ending: UserEvent[] = [
      { type: 'PasswordChanged', data: {} },
      { type: 'LoginsEnded', data: {} },
      { type: 'UserDeleted', data: {} },
      { type: 'UserChanged', data: { changes: { blocked: { to: true } } } },
      { type: 'UserChanged', data: { changes: { email: { from: sealed('1'), to: sealed('2') } } } },
    ]
    const other: UserEvent[] = [
      { type: 'UserChanged', data: { changes: { blocked: { from: true, to: false } } } },
      { type: 'UserChanged', data: { changes: { name: { to: sealed('Ada') } } } },
      { type: 'UserRolesAssigned', data: { roles: ['r'] } },
    ]
    const { keys } = loginsGuard('auth0|1', { loginsEndedAt: null })
    for (const event of ending) {
      expect([user.guardKey!('auth0|1', [...other, event])]).toEqual(keys)
      const ended = given(user, created, at(new Date(5), event)).state
      expect(ended.status === 'absent' || ended.loginsEndedAt === new Date(5).toISOString()).toBe(true)
    }
    expect(user.guardKey!('auth0|1', other)).toBeUndefined()
  })

  it('that does not exist is neither changed nor appointed, and deleting it does nothing', () => {
    expect(given(user).when((state) => changeUser(state, { blocked: true }))).toEqual({ events: [], result: 'absent' })
    expect(given(user).when((state) => changePassword(state))).toEqual({ events: [], result: 'absent' })
    expect(given(user).when((state) => appointAdministrator(state))).toEqual({ events: [], result: 'absent' })
    expect(given(user).when((state) => deleteUser(state)).events).toEqual([])
  })
})
