import { pick, readFields } from './fields.js'

const picked = (document: object, fields: string, include = 'true') => pick(document, readFields({ fields, include_fields: include }))

it('reaches into objects and lists by names with dots', () => {
  const document = { a: { b: { c: 1, d: 2 }, e: 3 }, list: [{ x: 1, y: 2 }], 'a.e': 4 }
  expect(picked(document, 'a.b.c,list.x')).toEqual({ a: { b: { c: 1 } }, list: [{ x: 1 }] })
  expect(picked(document, 'a.b,list', 'false')).toEqual({ a: { e: 3 }, 'a.e': 4 })
})

it('holds up nobody, however many names there are and members', () => {
  const members = (of: (n: number) => unknown, count: number): object => Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, of(n)]))
  const user_metadata = members(() => members((n) => n, 5000), 20)
  const inside = Array.from({ length: 20 }, (_, n) => `user_metadata.m${n}.m1`)
  const more = Array.from({ length: 1200 }, (_, n) => n.toString(36))
  const start = performance.now()
  expect(picked({ user_metadata }, [...inside, ...more].join(','))).toEqual({ user_metadata: members(() => ({ m1: 1 }), 20) })
  expect(performance.now() - start).toBeLessThan(500)
})
