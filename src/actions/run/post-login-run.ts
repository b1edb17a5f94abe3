import type { PostLoginEvent } from '../event/post-login-event.js'
import type { RunEvent } from '../runner/frames.js'
import type { Flow } from './apply-commands.js'
import { nothingPending, type Pending } from './pending.js'
import type { SideEffects } from './outcome.js'

/** Where nobody can be sent elsewhere: there is no browser, or it may not be interrupted (spec/actions.md §2.4, §3.4). */
const WITHOUT_BROWSER = ['oauth2-password', 'oauth2-refresh-token', 'oauth2-token-exchange', 'oauth2-webauthn', 'oidc-ciba']

export const canRedirect = ({ request, transaction }: PostLoginEvent): boolean =>
  request.query['prompt'] !== 'none' && !WITHOUT_BROWSER.includes(transaction.protocol)

export const flowOf = ({ refresh_token, session }: PostLoginEvent, continued: boolean): Flow => ({
  online: refresh_token?.access === 'online',
  hasSession: session !== undefined,
  continued,
})

export const pendingOf = ({ refresh_token, session }: PostLoginEvent): Pending => nothingPending(refresh_token?.metadata ?? {}, session?.metadata ?? {})

/** The event for the next Action: with what earlier ones made of metadata (spec/actions.md §4.2), which is absent where there is none (§2.6). */
export function eventWith(event: PostLoginEvent, pending: Pending, now: string): RunEvent {
  const { refresh_token, session, user, transaction, authentication } = event
  const { metadata: _, ...token } = refresh_token ?? { metadata: {} }
  const { metadata: __, cookie, ...rest } = session ?? { metadata: {}, cookie: undefined }
  const recorded = pending.methods.map((name) => ({ name, timestamp: now }))
  return {
    ...event,
    transaction: { ...transaction, metadata: pending.transaction },
    user: { ...user, user_metadata: patched(user.user_metadata, pending.userMetadata), app_metadata: patched(user.app_metadata, pending.appMetadata) },
    ...(refresh_token && { refresh_token: { ...token, ...present(pending.refreshToken.metadata) } }),
    ...(session && { session: { ...rest, cookie: { ...cookie, mode: pending.session.cookieMode ?? cookie?.mode }, ...present(pending.session.metadata) } }),
    ...(recorded.length > 0 && { authentication: { methods: [...(authentication?.methods ?? []), ...recorded] } }),
  }
}

/** What is applied whatever follows. */
export const sideEffects = ({ userMetadata, appMetadata, session: { metadata: _, ...session }, methods }: Pending): SideEffects => ({
  user: { user_metadata: userMetadata, app_metadata: appMetadata },
  session,
  methods,
})

export const NO_EFFECTS: SideEffects = { user: { user_metadata: {}, app_metadata: {} }, session: { operations: [] }, methods: [] }

const present = (metadata: Readonly<Record<string, string>>): object => (Object.keys(metadata).length > 0 ? { metadata } : {})

const patched = (stored: Readonly<Record<string, unknown>>, patch: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries({ ...stored, ...patch }).filter(([key, value]) => !(value === null && Object.hasOwn(patch, key))))
