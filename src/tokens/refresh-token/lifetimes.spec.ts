import { shorten } from './lifetimes.js'

const now = new Date(Date.UTC(2026, 0, 1))
const after = (seconds: number): number => now.getTime() + seconds * 1000
const iso = (seconds: number): string => new Date(after(seconds)).toISOString()
const ends = { expiresAt: iso(1000), idleExpiresAt: iso(60) }
const endless = { expiresAt: null, idleExpiresAt: null }
const MONTH = 2_592_000

describe('an Action that wants an earlier end', () => {
  it('gets it, up to the very instant of the latest there may be', () => {
    expect(shorten(ends, { expiresAt: after(1000), idleExpiresAt: after(60) }, now)).toEqual({ ...ends, capped: [] })
    expect(shorten(ends, { expiresAt: after(100) }, now)).toEqual({ ...ends, expiresAt: iso(100), capped: [] })
  })

  it('gets no later one, and is told of', () => {
    const { capped, ...given } = shorten(ends, { expiresAt: after(1000) + 1, idleExpiresAt: after(60) + 1 }, now)
    expect(given).toEqual(ends)
    expect(capped).toEqual([
      { end: 'absolute', wanted: new Date(after(1000) + 1).toISOString(), given: iso(1000) },
      { end: 'idle', wanted: new Date(after(60) + 1).toISOString(), given: iso(60) },
    ])
  })

  it('takes the idle end along with an absolute one before it', () => {
    expect(shorten(ends, { expiresAt: after(10) }, now)).toEqual({ expiresAt: iso(10), idleExpiresAt: iso(10), capped: [] })
    expect(shorten(ends, { expiresAt: after(-10) }, now)).toMatchObject({ expiresAt: iso(-10), idleExpiresAt: iso(-10) })
  })

  it('changes nothing where it wants nothing', () => {
    expect(shorten(ends, {}, now)).toEqual({ ...ends, capped: [] })
    expect(shorten(endless, {}, now)).toEqual({ ...endless, capped: [] })
  })

  it('ends what nothing would have ended within a month, for good', () => {
    expect(shorten(endless, { expiresAt: after(MONTH) + 1 }, now)).toMatchObject({
      expiresAt: iso(MONTH),
      idleExpiresAt: null,
      capped: [{ given: iso(MONTH) }],
    })
    expect(shorten(endless, { idleExpiresAt: after(60) }, now)).toEqual({ expiresAt: iso(MONTH), idleExpiresAt: iso(60), capped: [] })
    // One that has an end already needs no other.
    expect(shorten({ ...endless, idleExpiresAt: iso(60) }, { idleExpiresAt: after(30) }, now)).toEqual({ expiresAt: null, idleExpiresAt: iso(30), capped: [] })
  })
})
