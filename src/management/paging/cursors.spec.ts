import { randomBytes } from 'node:crypto'
import { RootKeys } from '../../keys/root-key.js'
import { Cursors } from './cursors.js'

const DAY = 86_400_000
const [older, newer] = [randomBytes(32), randomBytes(32)]
const cursors = new Cursors(new RootKeys([older]))

describe('a cursor', () => {
  it('leads on for 24 hours, to the last millisecond', () => {
    const cursor = cursors.write('clients', 'place', 1000)
    expect(cursors.read('clients', cursor, 1000 + DAY - 1)).toBe('place')
    expect(() => cursors.read('clients', cursor, 1000 + DAY)).toThrow(/has expired or is invalid/)
  })

  it('belongs to its list and is not made by hand', () => {
    const cursor = cursors.write('clients', 'place')
    const [payload, mac] = cursor.split('.')
    const other = Buffer.from(JSON.stringify(['elsewhere', Date.now() + DAY])).toString('base64url')
    for (const [list, text] of [
      ['users', cursor],
      ['clients', `${other}.${mac}`],
      ['clients', payload!],
      ['clients', `${payload}.${'A'.repeat(mac!.length)}`],
      ['clients', `${payload}.${'é'.repeat(mac!.length)}`],
      ['clients', ''],
    ] as const) {
      expect(() => cursors.read(list, text)).toThrow(/has expired or is invalid/)
    }
  })

  it('outlives a change of ENCRYPTION_KEY', () => {
    expect(new Cursors(new RootKeys([newer, older])).read('clients', cursors.write('clients', 'place'))).toBe('place')
  })
})
