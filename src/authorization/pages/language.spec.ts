import { textsFor } from './language.js'

const lang = (wanted: Parameters<typeof textsFor>[0], enabled: readonly string[] = ['en', 'de-AT']): string => textsFor(wanted, enabled).lang

describe('the language of a page', () => {
  it('is what the application asks for, before what the browser prefers', () => {
    expect(lang({ uiLocales: 'de', acceptLanguage: 'en' })).toBe('de')
    expect(lang({ uiLocales: 'xx de-CH', acceptLanguage: 'en' })).toBe('de')
    expect(lang({ acceptLanguage: 'en;q=0.5, de-DE;q=0.9' })).toBe('de')
    expect(lang({ acceptLanguage: 'de;q=0, en;q=0.1' })).toBe('en')
  })

  it('is one that the tenant has enabled, its first where nothing fits', () => {
    expect(lang({ uiLocales: 'de' }, ['en'])).toBe('en')
    expect(lang({ uiLocales: 'fr', acceptLanguage: 'fr' }, ['de', 'en'])).toBe('de')
    expect(lang({}, ['xx'])).toBe('en')
    expect(lang({}, [])).toBe('en')
  })

  it('survives whatever a browser may send', () => {
    for (const acceptLanguage of [',,;;=', '*', `${'x,'.repeat(100_000)}de`, ';q=1']) expect(lang({ acceptLanguage })).toBe('en')
  })
})
