import { foldDatabase, type FoldTotals } from '../../src/cli/fold.js'
import type { Decider, Event } from '../../src/event-store/event.js'
import { counter } from '../support/counter.js'
import { LogFixture } from './log-fixture.js'

// Each test makes a database of its own, or runs commands as processes.
let log: LogFixture

beforeEach(async () => {
  log = await LogFixture.withLog()
})
afterEach(() => log.close())

const known = (decider: Partial<typeof counter> = {}) => [{ ...counter, ...decider }] as unknown as readonly Decider<unknown, Event>[]

async function folded(deciders = known()): Promise<FoldTotals & { found: string[] }> {
  const found: string[] = []
  const totals = await foldDatabase(log.url, deciders, ({ reason, ...named }) => found.push(`${'reader' in named ? named.reader : named.streamId}: ${reason}`))
  return { ...totals, found }
}

describe('fold', () => {
  it('agrees with rows that the store wrote', async () => {
    expect(await folded()).toEqual({ streams: 4, events: 13, stale: 0, different: 0, found: [] })
  })

  it('does not mind the order of members in a state', async () => {
    await log.intruder.query(`update streams set state = jsonb_build_object('last', state->'last', 'count', state->'count')`)
    expect(await folded()).toMatchObject({ different: 0 })
  })

  it('names each stream whose state was changed', async () => {
    await log.intruder.query(`update streams set state = jsonb_set(state, '{count}', '7') where id in ('counter-b', 'counter-d')`)
    expect(await folded()).toMatchObject({
      streams: 4,
      different: 2,
      found: ['counter-b: its state is not what its events say', 'counter-d: its state is not what its events say'],
    })
  })

  it('names changed versions and head hashes, missing rows and missing events', async () => {
    await log.intruder.query(`update streams set version = 9 where id = 'counter-a'`)
    await log.intruder.query(`update streams set head_hash = sha256('x') where id = 'counter-b'`)
    await log.intruder.query(`delete from streams where id = 'counter-c'`)
    await log.intruder.query(`insert into streams select 'counter-𝒳', type, 1, head_hash, state, state_version, last_at from streams where id = 'counter-d'`)
    expect((await folded()).found).toEqual([
      'counter-a: its row stands at version 9, its events end at version 5',
      "counter-b: its row's head hash is not the last event's hash",
      'counter-c: has events but no stream row',
      'counter-𝒳: has a stream row but no events',
    ])
  })

  it('counts rows of an older state version as stale, not as different', async () => {
    expect(await folded(known({ stateVersion: 2 }))).toMatchObject({ stale: 4, different: 0 })
  })

  it('names streams that this version cannot fold', async () => {
    expect((await folded([])).found).toContain('counter-a: this version knows no streams of type counter')
    const found = (await folded(known({ upcasters: { Cleared: [] } as never }))).found
    expect(found).toContain('counter-a: version 1 cannot be folded: unknown event Added of schema version 1')
  })

  it('names each reader that does not stand where a seal ends', async () => {
    const place = (name: string, values: string): string => `insert into checkpoints (name, position, epoch, xid, sequence) ${values.replace('NAME', name)}`
    const seal = (number: number, position = 'last_position'): string => `select 'NAME', ${position}, epoch, xid, sequence from seals where number = ${number}`
    await log.intruder.query(`insert into checkpoints (name) values ('at-the-start')`)
    await log.intruder.query(place('behind', seal(1)))
    await log.intruder.query(place('at-the-end', seal(3)))
    expect((await folded()).found).toEqual([])
    await log.intruder.query(place('ahead', seal(3, 'last_position + 100000')))
    await log.intruder.query(place('moved', seal(1, '9')))
    expect(await folded()).toMatchObject({
      different: 2,
      found: ['ahead: stands at position 100012, but the newest seal ends at 12', 'moved: stands at position 9, where no seal ends as it says'],
    })
  })

  it('folds events in their newest shape', async () => {
    const upcasters = { Added: [(old: { by: string }) => ({ by: old.by.toUpperCase() })], Cleared: [] }
    expect((await folded(known({ upcasters }))).different).toBe(4)
  })
})
