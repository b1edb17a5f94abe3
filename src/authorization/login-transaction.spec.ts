import { RootKeys } from '../keys/root-key.js'
import { bindingFrom, newBinding, openTransaction, sealTransaction } from './login-transaction.js'

const rootKeys = new RootKeys([Buffer.alloc(32, 1)])
const transaction = { parameters: { client_id: 'c' }, startedAt: 0 }
const HOUR = 3_600_000

describe('a login transaction', () => {
  it('opens with its browser’s cookie only, and says when it is too old', () => {
    const sealed = sealTransaction(rootKeys, transaction, 'binding')
    expect(sealed).not.toContain('client_id')
    expect(openTransaction(rootKeys, sealed, 'binding', HOUR - 1)).toEqual({ transaction, expired: false })
    expect(openTransaction(rootKeys, sealed, 'binding', HOUR)).toEqual({ transaction, expired: true })
    expect(openTransaction(rootKeys, sealed, 'another', 0)).toBeUndefined()
    expect(openTransaction(new RootKeys([Buffer.alloc(32, 2)]), sealed, 'binding', 0)).toBeUndefined()
    for (const text of ['', 'x', 'rk1.a.b.c.d', `${sealed}x`]) expect(openTransaction(rootKeys, text, 'binding', 0)).toBeUndefined()
  })

  it('has a cookie that no other host can set over https, and that a foreign page’s form does not bring', () => {
    const { binding, cookie } = newBinding('https://id.example/')
    expect(cookie).toBe(`__Host-login=${binding}; Path=/; HttpOnly; Secure; SameSite=Lax`)
    expect(bindingFrom('https://id.example/', `a=b; __Host-login=${binding}`)).toBe(binding)
    expect(bindingFrom('https://id.example/', `login=${binding}`)).toBeUndefined()
    expect(newBinding('http://localhost/').cookie).toMatch(/^login=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
    expect(bindingFrom('http://localhost/', 'login=short')).toBeUndefined()
  })
})
