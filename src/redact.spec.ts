import { loggable, redact, shownText, withoutPersons } from './redact.js'

const token = `v1.${'aB3_-'.repeat(14)}`
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlc2lnbmF0dXJl'
const pem = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END PRIVATE KEY-----'

describe('redact', () => {
  test.each([
    ['a refresh token', `refused ${token}.`, 'refused [redacted].'],
    ['an online refresh token', 'ORT1.abcdefghijklmnopqrstuvwxyz', '[redacted]'],
    ['a JWT', `token is ${jwt}!`, 'token is [redacted]!'],
    ['an encrypted JWT', `${jwt}.aaaa.bbbb`, '[redacted]'],
    ['a private key', `key: ${pem} end`, 'key: [redacted] end'],
    ['a private key that was cut off', pem.slice(0, 40), '[redacted]'],
    ['a private key in JSON', JSON.stringify({ key: pem }), '{"key":"[redacted]"}'],
    ['a bearer token', 'Authorization: Bearer abcdef.1234567', 'Authorization: Bearer [redacted]'],
    ['basic credentials', 'basic dXNlcjpwYXNzd29yZA==', 'basic [redacted]'],
    [
      'form fields',
      'grant_type=x&client_secret=s3cr3t&code=abc&refresh_token=r&password=p%20q',
      'grant_type=x&client_secret=[redacted]&code=[redacted]&refresh_token=[redacted]&password=[redacted]',
    ],
    ['a query in a sentence', 'GET /cb?code=abc&state=1 failed', 'GET /cb?code=[redacted]&state=1 failed'],
    ['JSON', '{"password":"a b","user":"u"}', '{"password":"[redacted]","user":"u"}'],
    ['JSON in JSON', JSON.stringify({ body: '{"refresh_token":"abc","a":1}' }), String.raw`{"body":"{\"refresh_token\":\"[redacted]\",\"a\":1}"}`],
    ['a database password', 'postgres://user:hunter2@db/x', 'postgres://user:[redacted]@db/x'],
  ])('removes %s', (_, text, expected) => expect(redact(text)).toBe(expected))

  test.each(['request', 'GET /v1.2/things', 'error_code=7 barcode=9', 'Evergrant ready: issuer http://localhost:3000/ on port 3000'])('leaves %j', (text) =>
    expect(redact(text)).toBe(text),
  )

  test('leaves a line of JSON parseable whatever it removes', () => {
    const line = JSON.stringify({ a: `password=x"y\\ z ${pem}`, b: `"code":"q\\"r"`, c: `Bearer ${jwt}` })
    expect(() => JSON.parse(redact(line)) as unknown).not.toThrow()
    expect(redact(line)).not.toMatch(/MIIE|eyJ/)
  })
})

test('of what callers make up two thousand characters are read, and told without persons', () => {
  expect(withoutPersons('/a@example'.repeat(400))).toBe('/*'.repeat(200))
  expect(withoutPersons(`https://app.example/ada@example.com/${jwt}/x`)).toBe('https://app.example/*/[redacted]/x')
})

test('a refusal’s words tell neither addresses nor tokens, and not all of what is long', () => {
  expect(shownText(`Service not found: ${jwt} of ada@example.com`)).toBe('Service not found: [redacted] of *')
  expect(shownText('a '.repeat(5000))).toHaveLength(500)
})

describe('loggable', () => {
  test('keeps of an error its name, code, message and stack', () => {
    const error = Object.assign(new TypeError(`bad ${token}`), { code: '23505', detail: 'Key (email)=(a@b.c) exists', cause: new Error('inner') })
    const seen = loggable({ err: error }) as { err: Record<string, string> }
    expect(Object.keys(seen.err)).toEqual(['name', 'code', 'message', 'stack'])
    expect(seen.err).toMatchObject({ name: 'TypeError', code: '23505', message: 'bad [redacted]' })
    expect(seen.err['stack']).not.toContain(token)
  })

  test('empties fields with a secret name, however deep', () =>
    expect(loggable({ a: [{ client_secret: 'x"y', Authorization: 'z' }] })).toEqual({ a: [{ client_secret: '[redacted]', Authorization: '[redacted]' }] }))
  test('keeps what is no secret', () =>
    expect(loggable({ n: 1, s: 's', b: true, nothing: null, code: 'ECONNREFUSED' })).toEqual({ n: 1, s: 's', b: true, nothing: null, code: 'ECONNREFUSED' }))
  test('empties an authorization code', () => expect(loggable({ code: 'SplxlOBeZQQYbYS6WxSbIA' })).toEqual({ code: '[redacted]' }))
  test('never shows bytes', () => expect(loggable({ key: Buffer.alloc(32) })).toEqual({ key: '[32 bytes]' }))
  test('survives a circle', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(JSON.stringify(loggable(circle))).toContain('[deep]')
  })
})
