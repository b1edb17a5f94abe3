import { createHash } from 'node:crypto'
import { eventHash, merkleRoot, splitLeaves, ZERO_HASH } from './hashes.js'

const event = { streamId: 's-1', version: 1, type: 'Happened', schemaVersion: 1, data: '{"a":1}', metadata: '{"at":"x"}' }

it('gives the event hash that anyone can compute from the stored text', () => {
  const text = `evergrant-event-1\n${'0'.repeat(64)}\ns-1\n1\nHappened\n1\n{"a":1}\n{"at":"x"}`
  expect(eventHash(ZERO_HASH, event)).toEqual(createHash('sha256').update(text).digest())
})

it('changes with every part of the event and with its predecessor', () => {
  const changed = [
    { ...event, streamId: 's-2' },
    { ...event, version: 2 },
    { ...event, type: 'Other' },
    { ...event, schemaVersion: 2 },
    { ...event, data: '{"a": 1}' },
    { ...event, metadata: '{}' },
  ].map((other) => eventHash(ZERO_HASH, other).toString('hex'))
  expect(new Set([eventHash(ZERO_HASH, event).toString('hex'), eventHash(Buffer.alloc(32, 1), event).toString('hex'), ...changed]).size).toBe(8)
})

const sha = (...parts: (string | Buffer)[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()

it('builds the tree of RFC 6962 §2.1, also for a number of leaves that is no power of two', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((text) => sha(text))
  const [la, lb, lc] = [a!, b!, c!].map((hash) => sha('\x00', hash))
  expect(merkleRoot([a!])).toEqual(la)
  expect(merkleRoot([a!, b!, c!])).toEqual(sha('\x01', sha('\x01', la!, lb!), lc!))
})

it('reads leaves back in order', () => {
  const leaves = [sha('a'), sha('b')]
  expect(splitLeaves(Buffer.concat(leaves))).toEqual(leaves)
})
