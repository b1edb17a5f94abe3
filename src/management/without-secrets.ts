const SECRET = /secret|password|authorization|private|api_?key|signing_key|write_?key|source_?address|token$|assertion|^(pem|cert|key|value|code)$/i
/** What tells where a person is, or with what: named in a search for tokens. */
const PERSONAL = /_(ip|user_agent)$/

/** A copy of a request's body for the log (spec/logs.md §1.3): `client_secret` is REDACTED, other texts with a secret's name are left out. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    if (name === 'client_secret') return [[name, 'REDACTED']]
    return typeof member === 'string' && (SECRET.test(name) || PERSONAL.test(name)) ? [] : [[name, withoutSecrets(member)]]
  })
  return Object.fromEntries(kept)
}
