/** A database connection's options about passwords (spec/management-api.md §2.9). */
interface PasswordOptions {
  readonly passwordPolicy?: unknown
  readonly password_complexity_options?: { readonly min_length?: unknown } | null
  readonly password_no_personal_info?: { readonly enable?: unknown } | null
  readonly password_dictionary?: { readonly enable?: unknown; readonly dictionary?: unknown } | null
}

/** Values of the person whose password it is to be. */
interface PersonalTexts {
  readonly email?: string | undefined
  readonly username?: string | undefined
  readonly name?: string | undefined
  readonly nickname?: string | undefined
  readonly given_name?: string | undefined
  readonly family_name?: string | undefined
}

const LOWER = /[a-z]/
const UPPER = /[A-Z]/
const DIGIT = /[0-9]/
const SPECIAL = /[ !"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/

interface Level {
  readonly length: number
  readonly wants: string
  readonly fits: (password: string) => boolean
}

const THREE_KINDS = 'three of these: lower case, upper case, digits, special characters'

/** Auth0's levels: how long, which kinds of characters, and whether three of the same may follow one another. */
const LEVELS: Readonly<Record<string, Level>> = {
  none: { length: 1, wants: '', fits: () => true },
  low: { length: 6, wants: '', fits: () => true },
  fair: { length: 8, wants: 'lower case, upper case and a digit', fits: (password) => [LOWER, UPPER, DIGIT].every((kind) => kind.test(password)) },
  good: { length: 8, wants: THREE_KINDS, fits: (password) => kinds(password) >= 3 },
  excellent: {
    length: 10,
    wants: `${THREE_KINDS}; and no three of the same in a row`,
    fits: (password) => kinds(password) >= 3 && !/(.)\1\1/su.test(password),
  },
}

/** Why a password is not taken: in Auth0's words, and as a sentence for the person. */
interface PasswordProblem {
  readonly error: string
  readonly sentence: string
}

/** Personal texts shorter than this are in every second password. */
const MIN_PERSONAL = 3

/** Undefined when the connection takes the password. Without a policy, or with one that is unknown, `good` holds, Auth0's default. */
export function passwordProblem(options: PasswordOptions, password: string, person: PersonalTexts): PasswordProblem | undefined {
  const { passwordPolicy: name } = options
  const level = (typeof name === 'string' && Object.hasOwn(LEVELS, name) && LEVELS[name]) || LEVELS['good']!
  const minimum = options.password_complexity_options?.min_length
  const length = typeof minimum === 'number' ? Math.max(minimum, level.length) : level.length
  if ([...password].length < length || !level.fits(password)) {
    const sentence = `The password needs at least ${length} character${length === 1 ? '' : 's'}${level.wants && `, with ${level.wants}`}.`
    return { error: 'PasswordStrengthError: Password is too weak', sentence }
  }
  if (options.password_dictionary?.enable === true && isListed(options.password_dictionary.dictionary, password))
    return { error: 'PasswordDictionaryError: Password is too common', sentence: 'This password is too common.' }
  if (options.password_no_personal_info?.enable === true && isPersonal(person, password))
    return { error: 'PasswordNoUserInfoError: Password contains user information', sentence: 'The password must not contain your name or address.' }
  return undefined
}

const kinds = (password: string): number => [LOWER, UPPER, DIGIT, SPECIAL].filter((kind) => kind.test(password)).length

const isListed = (dictionary: unknown, password: string): boolean =>
  Array.isArray(dictionary) && dictionary.some((word) => typeof word === 'string' && word.toLowerCase() === password.toLowerCase())

function isPersonal(person: PersonalTexts, password: string): boolean {
  const { email, username, name, nickname, given_name, family_name } = person
  const texts = [email, email?.split('@')[0], username, name, nickname, given_name, family_name].filter((text) => text !== undefined)
  return texts.some((text) => text.length >= MIN_PERSONAL && password.toLowerCase().includes(text.toLowerCase()))
}
