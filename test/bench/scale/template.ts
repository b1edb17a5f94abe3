/** What differs from one family to the next, by name; times apart, in ms. */
export interface Values {
  readonly texts: Readonly<Record<string, string>>
  readonly times: Readonly<Record<string, number>>
}

/** Renders a text for a family: its parts between the values stay as they are in the sample. */
export interface Template {
  readonly literals: readonly string[]
  /** What follows each literal but the last: a name, or a time with the ms after it. */
  readonly slots: readonly (string | Moment)[]
}

interface Moment {
  readonly time: string
  readonly after: number
}

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
const MILLISECONDS = 1000

/**
 * Finds the values of the sample in its text. A time belongs to the one that it is whole seconds away from, so times of a sample must differ in
 * their milliseconds. Errors: for a time that belongs to none.
 */
export function templateOf(text: string, { texts, times }: Values): Template {
  const names = new Map(Object.entries(texts).map(([name, value]) => [value, name]))
  const longestFirst = [...names.keys()].sort((a, b) => b.length - a.length).map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const pieces = text.split(new RegExp(`(${[...longestFirst, TIME].join('|')})`))
  const literals = pieces.filter((_, n) => n % 2 === 0)
  const slots = pieces.filter((_, n) => n % 2 === 1).map((found) => names.get(found) ?? momentOf(Date.parse(found), times))
  return { literals, slots }
}

function momentOf(at: number, times: Values['times']): Moment {
  const [time, start] = Object.entries(times).find(([, ms]) => (at - ms) % MILLISECONDS === 0) ?? []
  if (time === undefined) throw new Error(`the seeder cannot tell where the time ${new Date(at).toISOString()} of its sample comes from`)
  return { time, after: at - start! }
}

/** Texts for one family; a moment that several of them have is written out once. */
export function rendererFor({ texts, times }: Values): (template: Template) => string {
  const moments = new Map<number, string>()
  const momentText = ({ time, after }: Moment): string => {
    const ms = times[time]! + after
    const text = moments.get(ms) ?? new Date(ms).toISOString()
    moments.set(ms, text)
    return text
  }
  return ({ literals, slots }) => {
    const pieces = [literals[0]!]
    for (const [n, slot] of slots.entries()) pieces.push(typeof slot === 'string' ? texts[slot]! : momentText(slot), literals[n + 1]!)
    // Joined at once: strings that are added up are long trees, which the garbage collector walks.
    return pieces.join('')
  }
}
