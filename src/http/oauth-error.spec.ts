import { OAuthError } from './oauth-error.js'

const described = (text: string, options = {}): string => new OAuthError('access_denied', text, undefined, options).body.error_description

describe('the description of an error', () => {
  it.each([
    'Client "c" is not authorized to access resource server "https://api.example.com/?a=[b]~".',
    "user auth0|1 is not part of the org_1 organization; it's so!",
    'x'.repeat(1000),
  ])('is what was said: %s', (text) => {
    expect(described(text)).toBe(text)
  })

  it('has no character that none may have (RFC 6749 §5.2)', () => {
    expect(described('a\tb\nc\0d\\e\u007ff\u00e4g\ufffdh\u{1f600}i\ud800j')).toBe('a?b?c?d?e?f?g?h?i?j')
  })

  it('repeats no more than so much of what was sent', () => {
    expect(described(`Service not found: ${'a'.repeat(95_000)}`)).toBe(`Service not found: ${'a'.repeat(981)}`)
    expect(described(`${'a'.repeat(999)}\u{1f600}`)).toBe(`${'a'.repeat(999)}?`)
  })

  it('is an Action’s own, whose words were made fit already', () => {
    expect(described('Zugriff verweigert für Jürgen', { ofAction: true })).toBe('Zugriff verweigert für Jürgen')
  })
})
