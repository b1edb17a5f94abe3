import { Readable } from 'node:stream'
import { verifyDatabase, verifyExport } from '../../src/cli/verify.js'
import { describe as inWords } from '../../src/event-store/verification/log-source.js'
import { exportLines } from './export-lines.js'
import { ISSUER, LogFixture } from './log-fixture.js'

// Each test makes a database of its own.
let log: LogFixture

beforeEach(async () => {
  log = await LogFixture.withLog()
})
afterEach(() => log.close())

/** What verify prints for the log as it is now. */
async function printed(): Promise<string> {
  const result = await verifyDatabase(log.url, log.rootKeys, ISSUER)
  return result.ok ? 'intact' : inWords(result.finding)
}

/** Puts a stream of one event, right in itself, at a place in the order. */
async function addStream(epoch: string, xid: string): Promise<void> {
  await log.intruder.query(
    `insert into events (stream_id, version, type, schema_version, data, metadata, hash, occurred_at, epoch, xid, sequence)
     select 'counter-x', version, type, schema_version, data, metadata, hash, occurred_at, $1, $2, 0 from events where stream_id = 'counter-c' and version = 1`,
    [epoch, xid],
  )
  await log.rehash('counter-x')
  await log.intruder.query(
    `insert into streams select 'counter-x', s.type, 1, e.hash, s.state, s.state_version, e.occurred_at
     from streams s, events e where s.id = 'counter-c' and e.stream_id = 'counter-x'`,
  )
}

describe('verify finds, where nobody reads the log,', () => {
  it.each(['0', '-1'])('an event before the first place that there is, in epoch %s', async (epoch) => {
    await addStream(epoch, '0')
    expect(await printed()).toBe('position 1 (stream counter-x, version 1): event was inserted: seal 1 does not list it')
  })

  it.each([
    ['1', '9223372036854775807'],
    ['2', '1'],
  ])('an event that is never sealed, in epoch %s of a transaction to come: %s', async (epoch, xid) => {
    await addStream(epoch, xid)
    expect(await printed()).toBe('position 14, not sealed yet (stream counter-x, version 1): event was edited: its transaction is still to come')
  })

  it('two events at one place, which readers may see in either order', async () => {
    const { epoch, xid, sequence } = await log.at(4)
    await log.edit(5, `epoch = ${epoch}, xid = '${xid}', sequence = ${sequence}`)
    expect(await printed()).toMatch(/^position 5 \(stream counter-b, version 2\): event was edited: it stands at the place of another event$/)
  })

  it('a seal before the first', async () => {
    await log.intruder.query(`alter table seals drop constraint seals_number_check`)
    await log.intruder.query(
      `insert into seals select -1, 100, 101, epoch, xid, sequence + 1, leaves, merkle_root, previous_hash, sealed_at, hash, key_id, signature from seals where number = 3`,
    )
    expect(await printed()).toBe('position 1: seal 1, which begins here, is missing: the next one found is seal -1')
  })
})

describe('verify finds what no clock shows:', () => {
  it.each(['infinity', '-infinity', '294270-01-01'])('an event at %s', async (time) => {
    await log.edit(5, `occurred_at = '${time}'`)
    expect(await printed()).toBe('position 5 (stream counter-b, version 2): event was edited: its occurred_at is not the time in its metadata')
  })

  it.each(['infinity', '294270-01-01'])('a seal at %s', async (time) => {
    await log.intruder.query(`update seals set sealed_at = '${time}' where number = 2`)
    expect(await printed()).toBe('seal 2 (positions 7..9): was edited: its content does not match its hash')
    const exported = await verifyExport(Readable.from([(await exportLines(log.url)).join('')]))
    expect(exported.ok ? 'intact' : inWords(exported.finding)).toBe('position 10: line 12 of the file: sealedAt is not a time')
  })
})
