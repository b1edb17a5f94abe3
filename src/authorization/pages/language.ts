import { ENGLISH, type Texts } from './texts.js'
import { GERMAN } from './texts.de.js'

/** A language is a file of texts and a line here. */
const LANGUAGES: readonly Texts[] = [ENGLISH, GERMAN]

/**
 * The texts for a person: the first language that they want (`ui_locales` of the request, then the browser's), that the tenant has enabled and
 * that there are texts in; else the tenant's first; else English. Tags match by their language alone.
 */
export function textsFor(
  { uiLocales, acceptLanguage }: { uiLocales?: string | undefined; acceptLanguage?: string | undefined },
  enabled: readonly string[],
): Texts {
  const offered = enabled.map((tag) => LANGUAGES.find(({ lang }) => lang === languageOf(tag))).filter((texts) => texts !== undefined)
  const wanted = [...(uiLocales ?? '').split(' '), ...byPreference(acceptLanguage ?? '')].map(languageOf)
  for (const language of wanted) {
    const texts = offered.find(({ lang }) => lang === language)
    if (texts) return texts
  }
  return offered[0] ?? ENGLISH
}

/** The languages that a tenant's settings enable, the tenant's own first. */
export const enabledLocales = ({ enabled_locales: locales }: Readonly<Record<string, unknown>>): readonly string[] =>
  Array.isArray(locales) ? (locales as readonly string[]) : ['en']

const languageOf = (tag: string): string => tag.trim().toLowerCase().split('-')[0]!

/** RFC 9110 §12.5.4: the highest quality first. */
function byPreference(header: string): string[] {
  return header
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';')
      const quality = parameters.map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1]).find((value) => value !== undefined)
      return { tag, quality: quality === undefined ? 1 : Number(quality) }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag)
}
