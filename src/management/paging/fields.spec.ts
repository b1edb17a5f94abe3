import { pick, readFields } from './fields.js'

const picked = (document: object, fields: string, include = 'true') => pick(document, readFields({ fields, include_fields: include }))

it('reaches into objects and lists by names with dots', () => {
  const document = { a: { b: { c: 1, d: 2 }, e: 3 }, list: [{ x: 1, y: 2 }], 'a.e': 4 }
  expect(picked(document, 'a.b.c,list.x')).toEqual({ a: { b: { c: 1 } }, list: [{ x: 1 }] })
  expect(picked(document, 'a.b,list', 'false')).toEqual({ a: { e: 3 }, 'a.e': 4 })
})

it('asks of no member which of all names reach into it', () => {
  const { parents, include } = readFields({ fields: 'a.b' })!
  const names = new Set(['a.b'])
  names[Symbol.iterator] = () => {
    throw new Error('looked through')
  }
  expect(pick({ a: { b: 1 }, c: { d: 2 } }, { names, parents, include })).toEqual({ a: { b: 1 } })
})
