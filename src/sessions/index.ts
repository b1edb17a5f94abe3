/**
 * Sessions owns login sessions: their life from a login to its end, and the cookie that proves one. One session is one person in one
 * browser, shared by all clients; its id is public (`sid`), its cookie is not. It knows no clients' settings, no codes and no tokens: whether a
 * session answers a request is Authorization's to say, and what dies with it listens to SessionEnded.
 */
export { EndSession } from './commands/end-session.js'
export { ReauthenticateSession } from './commands/reauthenticate-session.js'
export { StartSession } from './commands/start-session.js'
export { TouchSession } from './commands/touch-session.js'
export { FindSession, type FoundSession } from './queries/find-session.js'
export { FindSessionById } from './queries/find-session-by-id.js'
export type { SessionEndReason, SessionEvent } from './session/session.events.js'
export { type ActiveSession, isAlive, type Login, session } from './session/session.js'
export { clearedSessionCookies, cookies, hasSessionCookie, sessionCookies } from './session-cookie.js'
export { userLoginsProjection } from './session/user-logins.projection.js'
export { SessionsModule } from './sessions.module.js'
