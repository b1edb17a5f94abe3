import { hashPassword, isPassword } from './password.js'

test('a hash costs what OWASP recommends, and is of one password alone', async () => {
  const stored = await hashPassword('Correct-Horse-1')
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await isPassword(stored, 'Correct-Horse-1')).toBe(true)
  expect(await isPassword(stored, 'Correct-Horse-2')).toBe(false)
  expect(await isPassword('no hash', 'Correct-Horse-1')).toBe(false)
})
