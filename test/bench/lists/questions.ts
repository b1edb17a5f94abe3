import { AUDIENCE, type ListSizes, OTHER_CLIENTS, RARE_AUDIENCE, SMALL_CLIENT } from './seed.js'

/** Values to ask about, taken from what was seeded. */
export interface ListValues {
  readonly users: readonly string[]
  readonly sessions: readonly string[]
  readonly credentials: readonly string[]
  /** log_ids, spread over the whole log. */
  readonly logs: readonly string[]
  /** ISO, spread over the times of issue. */
  readonly issued: readonly string[]
}

/** A list: what it is called, and one path below /api/v2/ for each of the values that it is asked about. */
export interface ListQuestion {
  readonly name: string
  readonly paths: readonly string[]
}

const q = (text: string): string => encodeURIComponent(text)
const second = (time: string): string => new Date(Date.parse(time) + 1000).toISOString()

/** Every list of the Management API that grows with refresh tokens, sessions, grants, device credentials or the log. */
export function listQuestions(values: ListValues, largeClient: string): ListQuestion[] {
  const { users, sessions, credentials, logs, issued } = values
  const others = Array.from({ length: OTHER_CLIENTS }, (_, n) => `client-${n}`)
  return [
    { name: `a user's refresh tokens`, paths: users.map((user) => `users/${q(user)}/refresh-tokens?take=50`) },
    { name: 'refresh tokens by user', paths: users.map((user) => `refresh-tokens?user_id=${q(user)}`) },
    { name: 'refresh tokens by user and client', paths: users.map((user) => `refresh-tokens?user_id=${q(user)}&client_id=${largeClient}`) },
    { name: 'refresh tokens by client', paths: others.map((client) => `refresh-tokens?client_id=${client}`) },
    { name: 'refresh tokens by the largest client', paths: [`refresh-tokens?client_id=${largeClient}`] },
    { name: 'refresh tokens by a small client', paths: [`refresh-tokens?client_id=${SMALL_CLIENT}`] },
    { name: 'refresh tokens by session', paths: sessions.map((session) => `refresh-tokens?session_id=${session}`) },
    { name: 'refresh tokens by API', paths: [AUDIENCE, RARE_AUDIENCE].map((audience) => `refresh-tokens?audience=${q(audience)}`) },
    { name: 'refresh tokens by second of issue', paths: issued.map((time) => `refresh-tokens?issued_from=${time}&issued_to=${second(time)}`) },
    { name: 'refresh tokens by client from a time on', paths: issued.map((time) => `refresh-tokens?client_id=${largeClient}&issued_from=${time}`) },
    { name: 'refresh tokens by device credential', paths: credentials.map((id) => `refresh-tokens?device_credential_id=${id}`) },
    { name: 'refresh tokens by address (of nobody)', paths: users.map((_, n) => `refresh-tokens?last_ip=203.0.113.${n % 250}`) },
    { name: `a user's sessions`, paths: users.map((user) => `users/${q(user)}/sessions?take=50`) },
    { name: 'grants of a user', paths: users.map((user) => `grants?user_id=${q(user)}`) },
    { name: 'grants for an API', paths: [`grants?audience=${q(AUDIENCE)}`, `grants?audience=${q(RARE_AUDIENCE)}`] },
    { name: 'grants of the largest client', paths: [`grants?client_id=${largeClient}&per_page=50`] },
    { name: 'device credentials of a user', paths: users.map((user) => `device-credentials?user_id=${q(user)}&type=rotating_refresh_token`) },
    { name: 'device credentials of a client', paths: others.map((client) => `device-credentials?client_id=${client}&type=rotating_refresh_token&per_page=50`) },
    { name: 'public keys of a user', paths: users.map((user) => `device-credentials?user_id=${q(user)}&type=public_key`) },
    { name: 'log by checkpoint', paths: logs.map((id) => `logs?from=${id}&take=100`) },
    { name: 'log by page, the first', paths: ['logs?per_page=50&page=0'] },
    { name: 'log by page, the last', paths: ['logs?per_page=50&page=19'] },
    { name: 'log, oldest first', paths: [`logs?per_page=50&sort=${q('date:1')}`] },
    { name: 'log of a user', paths: users.map((user) => `users/${q(user)}/logs?per_page=50`) },
    { name: 'log by type', paths: ['sertft', 'fp', 'srrt'].map((type) => `logs?q=${q(`type:${type}`)}`) },
    { name: 'log by several types', paths: [`logs?q=${q('type:(f OR fp OR fu)')}`] },
    { name: 'log by client', paths: [...others, largeClient].map((client) => `logs?q=${q(`client_id:${client}`)}`) },
    { name: 'log by user and type', paths: users.map((user) => `logs?q=${q(`user_id:"${user}" AND type:fertft`)}`) },
    { name: 'log by address (of nobody)', paths: users.map((_, n) => `logs?q=${q(`ip:"203.0.113.${n % 250}"`)}`) },
    { name: 'log by time', paths: issued.map((time) => `logs?q=${q(`date:[${time} TO ${second(time)}]`)}`) },
    { name: 'log after a log_id', paths: logs.map((id) => `logs?q=${q(`log_id:[${id} TO *]`)}&sort=${q('date:-1')}`) },
  ]
}

/** How many values of each kind are taken. */
export const valuesOf = ({ tokens }: ListSizes): number => Math.min(200, Math.max(1, Math.floor(tokens / 40)))

/** `ListValues` of a filled database, so many ($1) of each kind. */
export const LIST_VALUES = `
  select
    array(select user_id from users tablesample system (100) where user_id like 'auth0|%' and connection_id is not null order by md5(user_id) limit $1::int) as users,
    array(select session_id from refresh_tokens order by md5(id) limit $1::int) as sessions,
    array(select device_credential_id from refresh_tokens order by md5(id) limit $1::int) as credentials,
    array(select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') from refresh_tokens order by md5(id) limit $1::int) as issued,
    array(select log_id from tenant_logs order by md5(log_id) limit $1::int) as logs`
