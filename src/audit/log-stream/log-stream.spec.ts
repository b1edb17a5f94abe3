import { given } from '../../event-store/testing.js'
import type { LogStreamDocument, LogStreamEvent } from './log-stream.events.js'
import { changeLogStream, createLogStream, deleteLogStream, logStream, suspendLogStream } from './log-stream.js'

const document: LogStreamDocument = {
  ...{ id: 'lst_1', name: 'siem', type: 'http', status: 'active', sink: { httpEndpoint: 'https://siem.example.com/' }, filters: [], isPriority: false },
}
const created: LogStreamEvent = { type: 'LogStreamCreated', data: { logStream: document, secrets: ['b', 'a'] } }
const paused: LogStreamEvent = { type: 'LogStreamChanged', data: { changes: { status: { from: 'active', to: 'paused' } } } }

describe('a log stream', () => {
  it('is made once', () => {
    expect(given(logStream).when((state) => createLogStream(state, document, ['b', 'a']))).toEqual({
      events: [{ type: 'LogStreamCreated', data: { logStream: document, secrets: ['a', 'b'] } }],
      result: 'created',
    })
    expect(given(logStream, created).when((state) => createLogStream(state, document, []))).toEqual({ events: [], result: 'exists' })
  })

  it('says what changed, and nothing where nothing did', () => {
    expect(given(logStream, created).when((state) => changeLogStream(state, { status: 'paused' }))).toEqual({ events: [paused], result: 'changed' })
    expect(given(logStream, created, paused).when((state) => changeLogStream(state, { status: 'paused' }))).toEqual({ events: [], result: 'changed' })
  })

  it('names secrets that are new and that are gone, and no value', () => {
    const { events } = given(logStream, created).when((state) => changeLogStream(state, {}, { set: ['c'], kept: ['a'] }))
    expect(events).toEqual([{ type: 'LogStreamChanged', data: { changes: {}, secrets: { set: ['c'], removed: ['b'] } } }])
    expect(given(logStream, created, ...events).when((state) => ({ events: [], result: state })).result).toMatchObject({ secrets: ['a', 'c'] })
  })

  it('is moved to another place, also along with a change', () => {
    const { events } = given(logStream, created).when((state) => changeLogStream(state, { name: 'other' }, undefined, '900'))
    expect(events.map(({ type }) => type)).toEqual(['LogStreamChanged', 'LogStreamMoved'])
  })

  it('is suspended while it is active, and at no other time', () => {
    const since = '2026-01-01T00:00:00.000Z'
    const suspended: LogStreamEvent = { type: 'LogStreamSuspended', data: { failingSince: since } }
    expect(given(logStream, created).when((state) => suspendLogStream(state, since)).events).toEqual([suspended])
    for (const events of [[created, paused], [created, suspended], []] as LogStreamEvent[][]) {
      expect(given(logStream, ...events).when((state) => suspendLogStream(state, since)).events).toEqual([])
    }
  })

  it('is gone for good', () => {
    const gone: LogStreamEvent = { type: 'LogStreamDeleted', data: {} }
    expect(given(logStream, created).when(deleteLogStream)).toEqual({ events: [gone], result: 'deleted' })
    expect(given(logStream, created, gone).when(deleteLogStream)).toEqual({ events: [], result: 'absent' })
    expect(given(logStream, created, gone).when((state) => changeLogStream(state, { name: 'x' }))).toEqual({ events: [], result: 'absent' })
  })
})
