import type { Worker } from 'node:cluster'
import type { Order } from './messages.js'
import { SpreadChanges } from './spread-changes.js'

const [writer, one, other] = [1, 2, 3].map((id) => ({ id }) as Worker) as [Worker, Worker, Worker]
const change = { type: 'changed', id: 7, streamId: 'client-x' } as const
const passedOn = { type: 'changed', id: 7, by: 1, streamId: 'client-x' }
const known = { type: 'known', id: 7, by: 1 } as const

let told: [Worker, Order][]
let changes: SpreadChanges
beforeEach(() => {
  told = []
  changes = new SpreadChanges((worker, order) => told.push([worker, order]))
})

it('tells all others of a change, and its writer once all of them know', () => {
  changes.changed(writer, change, [writer, one, other])
  expect(told.splice(0)).toEqual([
    [one, passedOn],
    [other, passedOn],
  ])
  changes.known(one, known)
  changes.known(one, known)
  expect(told).toEqual([])
  changes.known(other, known)
  changes.known(other, known)
  expect(told).toEqual([[writer, { type: 'known', id: 7 }]])
})

it('waits for nobody who is gone, and not at all where there is nobody else', () => {
  changes.changed(writer, change, [writer, one])
  changes.gone(one)
  expect(told.splice(0)).toEqual([
    [one, passedOn],
    [writer, { type: 'known', id: 7 }],
  ])
  changes.changed(writer, change, [writer])
  expect(told).toEqual([[writer, { type: 'known', id: 7 }]])
})

it('keeps changes of several writers apart', () => {
  changes.changed(writer, change, [writer, one, other])
  changes.changed(one, change, [writer, one, other])
  told = []
  changes.known(other, { type: 'known', id: 7, by: 2 })
  changes.known(writer, { type: 'known', id: 7, by: 2 })
  expect(told).toEqual([[one, { type: 'known', id: 7 }]])
})
