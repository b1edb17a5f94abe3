import { applyDifference, difference } from './difference.js'

interface Document {
  readonly name?: string
  readonly list?: readonly string[]
  readonly nested?: { readonly a: number; readonly b?: number }
}

const before: Document = { name: 'a', list: ['x'], nested: { a: 1 } }

describe('difference', () => {
  it('names what changed, was added and was taken away, and nothing else', () => {
    expect(difference<Document>(before, { name: 'b', list: undefined, nested: { a: 1 } })).toEqual({ name: { from: 'a', to: 'b' }, list: { from: ['x'] } })
    expect(difference<Document>({}, { name: 'n' })).toEqual({ name: { to: 'n' } })
  })

  it('is nothing where everything stays', () => {
    expect(difference<Document>(before, { name: 'a', list: ['x'] })).toBeUndefined()
    expect(difference<Document>({}, { name: undefined })).toBeUndefined()
  })

  it('leads from the old document to the new one, also after a way through JSON', () => {
    const changes = { name: undefined, list: [], nested: { a: 2, b: 3 } }
    const changed = JSON.parse(JSON.stringify(difference<Document>(before, changes))) as NonNullable<ReturnType<typeof difference<Document>>>
    expect(applyDifference(before, changed)).toEqual({ list: [], nested: { a: 2, b: 3 } })
    expect(before).toEqual({ name: 'a', list: ['x'], nested: { a: 1 } })
  })
})
