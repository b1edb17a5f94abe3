/** HTML that would run where it is not escaped. */
export const XSS = `"><script>alert(1)</script>'&amp;`

/** Texts in the place of any text. */
export const TEXTS = [
  '\0', 'a\0b', '\ud800', 'a\udfff', '', ' ', '\r\nSet-Cookie: evil=1', '\u202e\ufeff', 'é'.repeat(22), `x.${'é'.repeat(22)}`, 'x'.repeat(5000), XSS,
  `' or 1=1 --`, `'; drop table events; --`, `$1`, `%`, `_`, `\\`, '__proto__', 'constructor', 'toString', '../../etc/passwd', '{"$ne":null}', '-1', '0', '1e309',
  '99999999999999999999', '2147483648', 'NaN', 'true', 'null', '[]', '{}', 'javascript:alert(1)', 'data:text/html,x', 'a.b.c', '....', 'e30.e30.', 'a@b@c',
] // prettier-ignore
/** Segments of a path, as on the wire. */
export const ENCODED = [
  '%00',
  '%',
  '%zz',
  '%c0%80',
  '%ed%a0%80',
  '%ff',
  '%u0041',
  '%2e%2e%2f',
  '%0d%0aX:y',
  '%F0%9F%92%A9',
  '..;',
  '%27',
  '*',
  '{x}',
  'a'.repeat(3000),
  '%7Cx',
  '%E0%A4%A',
  '%ff%fe',
  '%20',
  '..%2f..%2fetc%2fpasswd',
  '%27%20or%201%3D1--',
  'x'.repeat(7000),
  'x'.repeat(9000),
  '__proto__',
]
/** Members of a JSON body. */
export const THINGS: unknown[] = [
  ...TEXTS, null, true, false, 0, -1, 0.5, 1e308, Number.MAX_SAFE_INTEGER + 2, [], [[]], [null], ['\0'], {}, { a: 1 }, { length: 1 }, [{}], ['x', 'x'], { credentials: 1 },
] // prettier-ignore
/** Names that some list knows, and one that every object has. */
export const QUERY = ['page', 'per_page', 'take', 'from', 'q', 'sort', 'fields', 'include_fields', 'include_totals', 'search_engine', 'search', 'email', 'user_id', 'client_id', 'strategy', 'name', 'audience', 'app_type', 'is_global', 'identifiers', 'type', 'force', 'date_from', 'date_to', 'connection', 'primary_order', 'allow_any_organization', '__proto__', 'subject_type', 'session_id', 'device_credential_id', 'initial_ip', 'last_user_agent', 'issued_from', 'issued_to'] // prettier-ignore
/** For `q`. */
export const SEARCHES = [
  `name:"`, `name:(`, `((((`, `a:*`, `*`, `*:*`, `_exists_:`, `_exists_:__proto__`, `[* TO *]`, `created_at:[* TO *]`, `created_at:[x TO y]`, `created_at:{1 TO`, `logins_count:[a TO b]`,
  `date:[2020-13-45 TO *]`, `date:"'; drop table tenant_logs"`, `NOT`, `AND OR`, `a OR`, `-`, `--a`, `user_id:'or 1=1`, `email:%`, `app_metadata.a.b:"x"`, `user_metadata.__proto__:x`,
  `app_metadata.a'b:x`, `identities.connection:"x"`, `email:"a\0"`, `email:\ud800`, `${'('.repeat(60)}a${')'.repeat(60)}`, `${'a '.repeat(3000)}`, 'name:/x/', 'name:a~2', 'name:a^9', 'a:b:c', '\\', 'a\\', 'logins_count:1e999',
  'created_at:[2020-01-01T00:00:00Z TO 999999-01-01]', 'last_login:{99999999999999 TO *}', 'blocked:maybe', 'log_id:900', 'type:"s', 'ip:x/99',
] // prettier-ignore
/** For `sort`. */
export const SORTS = [
  'created_at',
  'created_at:',
  'created_at:2',
  'x:1',
  `created_at:1;drop`,
  `__proto__:1`,
  `date:-1,x:1`,
  ':',
  `(select 1):1`,
  'email:-1',
  'app_metadata.a:1',
]
