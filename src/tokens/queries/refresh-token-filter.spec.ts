import { rangeOf } from './refresh-token-filter.js'

const hash = Buffer.alloc(8)
const by = (column: string, value: unknown, ofDevice?: true) => ({ column, comparison: '=', value, ...(ofDevice && { ofDevice }) })

describe('the range that a filter is read by', () => {
  it('is that of what names the fewest tokens; the rest is checked', () => {
    const all = { userId: 'u', clientId: 'c', sessionId: 's', audience: 'a', deviceCredentialId: 'd', lastIp: hash, issuedFrom: '2026', issuedTo: '2027' }
    expect(rangeOf(all)).toEqual({
      row: 't',
      key: by('device_credential_id', 'd'),
      order: 'id',
      from: undefined,
      to: undefined,
      others: [
        by('session_id', 's'),
        by('user_id', 'u'),
        by('last_ip', hash, true),
        by('client_id', 'c'),
        by('audience', 'a'),
        { column: 'created_at', comparison: '>=', value: '2026' },
        { column: 'created_at', comparison: '<=', value: '2027' },
      ],
    })
    expect(rangeOf({ userId: 'u', sessionId: 's' })?.key).toEqual(by('session_id', 's'))
    expect(rangeOf({ clientId: 'c', userId: 'u' })?.key).toEqual(by('user_id', 'u'))
  })

  it('is of devices where nothing better is named, an address before a browser', () => {
    expect(rangeOf({ clientId: 'c', initialUserAgent: hash, lastIp: hash })).toMatchObject({
      row: 'd',
      key: by('last_ip', hash, true),
      order: 'id',
      others: [by('initial_user_agent', hash, true), by('client_id', 'c')],
    })
  })

  it('of a client, an API or a span of time alone goes by the time of issue, and the span is part of it', () => {
    expect(rangeOf({ audience: 'a', clientId: 'c', issuedTo: '2027' })).toMatchObject({
      key: by('client_id', 'c'),
      order: 'issue',
      to: '2027',
      others: [by('audience', 'a')],
    })
    expect(rangeOf({ issuedFrom: '2026' })).toEqual({ row: 't', key: null, order: 'issue', from: '2026', to: undefined, others: [] })
  })

  it('is none for a filter that names nothing', () => expect(rangeOf({})).toBeUndefined())
})
