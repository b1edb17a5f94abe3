/**
 * Sessions owns login sessions: their life from a login to its end, and the cookie that proves one. One session is one person in one
 * browser, shared by all clients; its id is public (`sid`), its cookie is not. It knows no clients' settings, no codes and no tokens: whether a
 * session answers a request is Authorization's to say, and what dies with it listens to SessionEnded.
 */
export { ApplyToSession, type SessionEffects } from './commands/apply-to-session.js'
export { EndOverdueSessions } from './commands/end-overdue-sessions.js'
export { EndSession } from './commands/end-session.js'
export { GrantOnlineAccess } from './commands/grant-online-access.js'
export { ReauthenticateSession } from './commands/reauthenticate-session.js'
export { type IssueOnline, type OnlineGrant, RedeemOnlineToken, type RedeemedOnlineToken } from './commands/redeem-online-token.js'
export { SetSessionMetadata } from './commands/set-session-metadata.js'
export { StartSession } from './commands/start-session.js'
export { TouchSession } from './commands/touch-session.js'
export { WithdrawOnlineAccess } from './commands/withdraw-online-access.js'
export { isOnlineToken, isOnlineTokenId, onlineTokenId } from './online-token.js'
export { FindOnlineToken, type FoundOnlineToken } from './queries/find-online-token.js'
export { FindSession, type FoundSession } from './queries/find-session.js'
export { FindSessionById } from './queries/find-session-by-id.js'
export { FindSessions } from './queries/find-sessions.js'
export type { CookieMode, OnlineTerms, SessionEndReason, SessionEvent } from './session/session.events.js'
export { sessionUpcasters } from './session/session.events.js'
export type { Adjusted, Clamped } from './session/adjust.js'
export { type ActiveSession, cookieModeOf, isAlive, type Login, session } from './session/session.js'
export { clearedSessionCookies, cookies, hasSessionCookie, sessionCookies } from './session-cookie.js'
export { sessionsProjection } from './session/sessions.projection.js'
export { userLoginsProjection } from './session/user-logins.projection.js'
export { LoginsEndedReactor } from './logins-ended.reactor.js'
export { SessionsModule } from './sessions.module.js'
