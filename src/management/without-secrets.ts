import { isSecret } from '../secret-names.js'

/** Public, but long. */
const BULKY = /^(pem|cert)$/
/** What tells where a person is, or with what: named in a search for tokens. */
const PERSONAL = /_(ip|user_agent)$/

/** A copy of a body for the log (spec/logs.md §1.3): `client_secret` is REDACTED, other secrets are left out. Dates are texts, as in the answer. */
export function withoutSecrets(value: unknown, path: readonly string[] = []): unknown {
  if (value instanceof Date) return value.toJSON()
  if (Array.isArray(value)) return value.map((item, n) => withoutSecrets(item, [...path, String(n)]))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const at = [...path, name]
    if (name === 'client_secret') return [[name, 'REDACTED']]
    if (isSecret(at, member) || (typeof member === 'string' && (BULKY.test(name) || PERSONAL.test(name)))) return []
    return [[name, withoutSecrets(member, at)]]
  })
  return Object.fromEntries(kept)
}
