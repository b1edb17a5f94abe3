import { Readable } from 'node:stream'
import { verifyDatabase, verifyExport } from '../../src/cli/verify.js'
import { describe as inWords, type Finding } from '../../src/event-store/verification/log-source.js'
import { type LogCheckpoint, readCheckpoint, writeCheckpoint } from '../../src/event-store/verification/log-checkpoint.js'
import { ISSUER, LogFixture } from './log-fixture.js'
import { exportLines } from './export-lines.js'

// Each test makes a database of its own, or runs commands as processes.
let log: LogFixture

beforeEach(async () => {
  log = await LogFixture.withLog()
})
afterEach(() => log.close())

async function verdict(checkpoints: readonly LogCheckpoint[] = []): Promise<Finding | undefined> {
  const result = await verifyDatabase(log.url, log.rootKeys, ISSUER, checkpoints)
  return result.ok ? undefined : result.finding
}

/** What verify prints for the log as it is now. */
async function printed(checkpoints: readonly LogCheckpoint[] = []): Promise<string> {
  const finding = await verdict(checkpoints)
  return finding ? inWords(finding) : 'intact'
}

async function takeCheckpoint(): Promise<LogCheckpoint> {
  const result = await verifyDatabase(log.url, log.rootKeys, ISSUER)
  if (!result.ok) throw new Error('the log should be intact here')
  const { head, keys } = result.log
  return readCheckpoint(writeCheckpoint(ISSUER, head!, keys.get(head!.keyId)!.publicKey))
}

const EDITED = 'event was edited: its content does not match its hash'

describe('verify finds, in the database,', () => {
  it.each([
    ['data', `data = '{"by":"someone else"}'`],
    ['data of the same meaning in other text', `data = '{"by": "second"}'`],
    ['metadata', `metadata = (metadata::jsonb || '{"actor":"someone else"}')::json`],
    ['type', `type = 'Cleared'`],
    ['schema version', `schema_version = 2`],
  ])('edited %s', async (_, assignment) => {
    await log.edit(5, assignment)
    expect(await printed()).toBe(`position 5 (stream counter-b, version 2): ${EDITED}`)
  })

  it('an edited time', async () => {
    await log.edit(5, `occurred_at = occurred_at + interval '1 microsecond'`)
    expect(await printed()).toBe('position 5 (stream counter-b, version 2): event was edited: its occurred_at is not the time in its metadata')
  })

  it('an edited hash', async () => {
    await log.edit(5, `hash = sha256('x')`)
    expect(await printed()).toBe('position 5 (stream counter-b, version 2): event was edited: its content and its hash are not what was sealed')
  })

  it('line breaks that let one event read as another', async () => {
    // The hash of counter-b version 2 with a part of its data shifted into its type would stay the same.
    const { rows } = await log.intruder.query<{ type: string; data: string }>(
      `select type, data::text from events where stream_id = 'counter-b' and version = 2`,
    )
    const { type, data } = rows[0]!
    await log.intruder.query(`update events set type = $1, schema_version = 1, metadata = '{"at":"x"}' where stream_id = 'counter-b' and version = 2`, [
      `${type}\n1\n${data}`,
    ])
    expect(await verdict()).toMatchObject({ position: 5, kind: 'edited', reason: 'event was edited: it holds a raw control character' })
  })

  it.each([
    ['in the middle of its stream', 5, 'counter-b', 2],
    ['at the end of its stream, with the row as it was', 12, 'counter-d', 2],
    ['first in the log', 1, 'counter-a', 1],
  ])('a deleted event %s', async (_, position, streamId, version) => {
    await log.remove(position)
    expect(await printed()).toBe(`position ${position} (stream ${streamId}, version ${version}): event is missing`)
  })

  it('two deleted events', async () => {
    await log.remove(9)
    await log.remove(8)
    expect(await verdict()).toMatchObject({ position: 8, kind: 'missing' })
  })

  it('an inserted event', async () => {
    const { epoch, xid, sequence } = await log.at(5)
    await log.intruder.query(
      `insert into events (stream_id, version, type, schema_version, data, metadata, hash, occurred_at, epoch, xid, sequence)
       select stream_id, 9, type, schema_version, data, metadata, sha256('new'), occurred_at, $1, $2, $3 from events where stream_id = 'counter-c' and version = 1`,
      [epoch, xid, sequence - 1],
    )
    expect(await printed()).toBe('position 5 (stream counter-c, version 9): event was inserted: seal 1 does not list it')
  })

  it('a second event with the same version', async () => {
    await log.intruder.query(
      `insert into events select stream_id, version, type, schema_version, data, metadata, hash, occurred_at + interval '1 s', epoch, xid, sequence from events where stream_id = 'counter-c' and version = 1`,
    )
    expect(await verdict()).toMatchObject({ position: 4, streamId: 'counter-c', version: 1, kind: 'inserted' })
  })

  it('events that changed places within a seal', async () => {
    await log.swap(2, 5)
    expect(await printed()).toBe('position 2 (stream counter-b, version 2): event was moved: it belongs at position 5')
  })

  it('events that changed places between seals', async () => {
    await log.swap(5, 9)
    expect(await printed()).toBe('position 5 (stream counter-b, version 2): event was moved: it now stands elsewhere in the log')
  })

  it('an event that was moved out of the sealed part', async () => {
    await log.swap(12, 13)
    expect(await printed()).toBe('position 12 (stream counter-d, version 2): event was moved: it now stands elsewhere in the log')
  })

  it('events that changed streams', async () => {
    // In three steps: where both happened in the same millisecond, one exchange of the two would be two events of one place for a moment.
    for (const [from, to] of [
      ['counter-a', 'elsewhere'],
      ['counter-b', 'counter-a'],
      ['elsewhere', 'counter-b'],
    ]) {
      await log.intruder.query(`update events set stream_id = $2 where version = 2 and stream_id = $1`, [from, to])
    }
    expect(await printed()).toBe(`position 4 (stream counter-b, version 2): ${EDITED}`)
  })

  it('an edited event whose whole stream was hashed anew', async () => {
    await log.edit(2, `data = '{"by":"someone else"}'`)
    await log.rehash('counter-b')
    expect(await printed()).toBe('position 2 (stream counter-b, version 1): event was edited: its content and its hash are not what was sealed')
  })
})

describe('verify finds, in the part that is not sealed,', () => {
  it('an edited event', async () => {
    await log.edit(13, `data = '{"by":"someone else"}'`)
    expect(await printed()).toBe(`position 13, not sealed yet (stream counter-a, version 5): ${EDITED}`)
  })

  it('a deleted event with a successor', async () => {
    await log.add('a', 'sixth')
    await log.remove(13)
    expect(await printed()).toBe('position 13, not sealed yet (stream counter-a, version 6): its predecessor, version 5, is missing')
  })

  it('a deleted last event', async () => {
    await log.remove(13)
    expect(await printed()).toBe('stream counter-a, version 4: its row stands at version 5, its events end at version 4')
  })

  it('events of one stream in the wrong order', async () => {
    await log.add('a', 'sixth')
    await log.swap(13, 14)
    expect(await printed()).toBe(
      'position 13, not sealed yet (stream counter-a, version 6): event was moved: its predecessor, version 5, stands later in the log',
    )
  })

  it('an inserted version that exists already', async () => {
    await log.intruder.query(
      `insert into events (stream_id, version, type, schema_version, data, metadata, hash, occurred_at)
       select stream_id, version, type, schema_version, data, metadata, hash, occurred_at + interval '1 year' from events where stream_id = 'counter-a' and version = 5`,
    )
    expect(await verdict()).toMatchObject({ position: 14, streamId: 'counter-a', version: 5 })
  })
})

describe('verify finds, in the seals,', () => {
  const seal2 = 'seal 2 (positions 7..9): '

  it('a changed list of hashes', async () => {
    await log.intruder.query(`update seals set leaves = substr(leaves, 1, 32) || sha256('x') || substr(leaves, 65) where number = 2`)
    expect(await printed()).toBe(`${seal2}was edited: its list of event hashes does not match its signed root, first at position 8`)
    expect(await verdict()).toMatchObject({ position: 8 })
  })

  it('an event that was taken from its list too', async () => {
    await log.remove(9)
    await log.intruder.query(`update seals set leaves = substr(leaves, 1, 64) where number = 2`)
    expect(await printed()).toContain(`${seal2}was edited: its list of event hashes does not match its signed root`)
  })

  it.each(['merkle_root', 'hash', 'previous_hash'])('a changed %s', async (column) => {
    await log.intruder.query(`update seals set ${column} = sha256('x') where number = 2`)
    const reason =
      column === 'previous_hash' ? 'does not continue the seal before: its previous hash is another one' : 'was edited: its content does not match its hash'
    expect(await printed()).toBe(seal2 + reason)
  })

  it('changed times and places', async () => {
    await log.intruder.query(`update seals set sealed_at = sealed_at + interval '1 s' where number = 2`)
    expect(await printed()).toBe(`${seal2}was edited: its content does not match its hash`)
  })

  it('a changed signature', async () => {
    await log.intruder.query(`update seals set signature = set_byte(signature, 63, get_byte(signature, 63) # 1) where number = 2`)
    expect(await printed()).toBe(`${seal2}signature is not valid`)
  })

  it('a seal under an unknown key', async () => {
    await log.intruder.query(`update seals set key_id = 'other' where number = 2`)
    expect(await printed()).toBe(`${seal2}is signed by the unknown key other`)
  })

  it('a missing seal', async () => {
    await log.intruder.query(`delete from seals where number = 2`)
    expect(await printed()).toBe('position 7: seal 2, which begins here, is missing: the next one found is seal 3')
  })
})

describe('verify finds, in the streams,', () => {
  it('a changed head hash', async () => {
    await log.intruder.query(`update streams set head_hash = sha256('x') where id = 'counter-c'`)
    expect(await printed()).toBe("stream counter-c, version 3: its row's head hash is not the last event's hash")
  })

  it('a changed version', async () => {
    await log.intruder.query(`update streams set version = 2 where id = 'counter-c'`)
    expect(await printed()).toBe('stream counter-c, version 2: its row stands at version 2, its events end at version 3')
  })

  it('a missing row', async () => {
    await log.intruder.query(`delete from streams where id = 'counter-c'`)
    expect(await printed()).toBe('stream counter-c, version 3: has events but no stream row')
  })

  it('a row without events', async () => {
    await log.intruder.query(
      `insert into streams select 'counter-x', type, version, head_hash, state, state_version, last_at from streams where id = 'counter-c'`,
    )
    expect(await printed()).toBe('stream counter-x, version 3: has a stream row but no events')
  })
})

describe('a log that was changed consistently', () => {
  it('and cut at the end is found with an earlier checkpoint', async () => {
    const checkpoint = await takeCheckpoint()
    await log.intruder.query(`delete from events where (epoch, xid, sequence) > (select epoch, xid, sequence from seals where number = 2)`)
    await log.intruder.query(`delete from seals where number = 3`)
    await log.intruder.query(`
      update streams s set version = e.version, head_hash = e.hash, last_at = e.occurred_at
      from (select distinct on (stream_id) * from events order by stream_id, version desc) as e where e.stream_id = s.id`)
    expect(await printed()).toBe('intact')
    expect(await printed([checkpoint])).toBe('position 10: events are missing: the log ends with seal 2, the checkpoint has seal 3 up to position 12')
  })

  it('and signed with a new key is found by that key', async () => {
    await log.edit(5, `data = '{"by":"someone else"}'`)
    await log.rehash()
    await log.resealWithNewKey()
    expect(await printed()).toMatch(
      /^seal 1 \(positions 1\.\.\d+\): is signed by key \S+, which is not this service's: its private half does not open under ENCRYPTION_KEY$/,
    )
  })

  it('and signed with a new key is found offline with an earlier checkpoint', async () => {
    const checkpoint = await takeCheckpoint()
    await log.edit(5, `data = '{"by":"someone else"}'`)
    await log.rehash()
    await log.resealWithNewKey()
    const file = (await exportLines(log.url)).join('')
    expect(await verifyExport(Readable.from([file]))).toMatchObject({ ok: true })
    const result = await verifyExport(Readable.from([file]), [checkpoint])
    expect(result.ok ? 'intact' : inWords(result.finding)).toMatch(/^position 1: the log was rewritten: it is not signed with the checkpoint's key /)
  })

  it('and signed with its own key is found with an earlier checkpoint', async () => {
    const checkpoint = await takeCheckpoint()
    await log.edit(5, `data = '{"by":"someone else"}'`)
    await log.rehash()
    await log.reseal()
    expect(await printed()).toBe('intact')
    expect(await printed([checkpoint])).toContain('the log was rewritten')
  })

  it('is not excused by a forged checkpoint', async () => {
    const checkpoint = await takeCheckpoint()
    expect(await verdict([{ ...checkpoint, sealHash: Buffer.alloc(32) }])).toMatchObject({
      kind: 'checkpoint',
      reason: "the checkpoint's own signature is not valid",
    })
    expect(await printed([checkpoint])).toBe('intact')
  })
})
