import { changedMetadata, MetadataError, metadataOperation, replayMetadata } from './metadata.js'

const set = (key: string, value = 'x') => metadataOperation(key, value)

describe('metadata of refresh tokens and sessions', () => {
  it('refuses a key that is no name of a member where it is set, as any other wrong key', () => {
    expect(() => changedMetadata({}, set('__proto__'))).toThrow(new MetadataError('Metadata keys may only include letters, numbers, underscores, or hyphens'))
    expect(changedMetadata({ a: '1' }, metadataOperation('__proto__', null))).toEqual({ a: '1' })
    expect(changedMetadata({}, set('constructor'))).toEqual({ constructor: 'x' })
  })

  it('counts 25 entries and 255 characters in UTF-16 units, at exactly the limit', () => {
    const full = replayMetadata(
      {},
      Array.from({ length: 25 }, (_, n) => set(`k${n}`)),
    )
    expect(changedMetadata(full, set('k0', 'y'))).toMatchObject({ k0: 'y' })
    expect(() => changedMetadata(full, set('k25'))).toThrow('Metadata must not contain more than 25 entries')
    expect(changedMetadata({}, set('a'.repeat(255), 'x😀'.repeat(85)))).toEqual({ ['a'.repeat(255)]: 'x😀'.repeat(85) })
    expect(() => changedMetadata({}, set('a', 'x😀'.repeat(85) + 'x'))).toThrow('All metadata values must be at most 255 characters long')
  })
})
