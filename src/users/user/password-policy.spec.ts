import { passwordProblem } from './password-policy.js'

const WEAK = 'PasswordStrengthError: Password is too weak'
const problem = (passwordPolicy: string | undefined, password: string): string | undefined => passwordProblem({ passwordPolicy }, password, {})?.error

describe('a password policy', () => {
  it.each<[string | undefined, string, string]>([
    ['none', '', 'a'],
    ['low', 'abcde', 'abcdef'],
    ['fair', 'Abcdef1', 'Abcdefg1'],
    ['fair', 'abcdefg1', 'Abcdefg1'],
    ['good', 'Abcde1', 'Abcdefg1'],
    ['good', 'abcdefg1', 'abcdef1!'],
    ['excellent', 'Abcdefgh1', 'Abcdefghi1'],
    ['excellent', 'Abcdefgggh1', 'Abcdefggh1'],
    [undefined, 'abcdefgh', 'Abcdefg1'],
    ['unheard of', 'abcdefgh', 'Abcdefg1'],
  ])('%s refuses %j and takes %j', (policy, weak, strong) => {
    expect(problem(policy, weak)).toBe(WEAK)
    expect(problem(policy, strong)).toBeUndefined()
  })

  it('counts a longer minimum, characters and not bytes', () => {
    const options = { passwordPolicy: 'none', password_complexity_options: { min_length: 4 } }
    expect(passwordProblem(options, '😀😀😀', {})?.error).toBe(WEAK)
    expect(passwordProblem(options, '😀😀😀😀', {})).toBeUndefined()
  })

  it('refuses listed passwords and what is known of the person, where the connection says so', () => {
    const options = {
      passwordPolicy: 'low',
      password_dictionary: { enable: true, dictionary: ['Sesame1'] },
      password_no_personal_info: { enable: true },
    }
    expect(passwordProblem(options, 'sesame1', {})?.error).toBe('PasswordDictionaryError: Password is too common')
    expect(passwordProblem(options, 'xJane.Doe1x', { email: 'jane.doe1@example.com' })?.error).toBe(
      'PasswordNoUserInfoError: Password contains user information',
    )
    expect(passwordProblem(options, 'something else', { email: 'jane.doe1@example.com', nickname: 'so' })).toBeUndefined()
  })
})
