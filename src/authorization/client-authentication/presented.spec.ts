import { claimedClientId, presentedBy } from './presented.js'

const basic = (text: string): { authorization: string } => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
const code = (request: Parameters<typeof presentedBy>[0]): string => {
  try {
    presentedBy(request)
    return 'none'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('how a client says who it is', () => {
  it('by its id alone, or with a secret in the body', () => {
    expect(presentedBy({ clientId: 'c' })).toEqual({ method: 'none', clientId: 'c' })
    expect(presentedBy({ clientId: 'c', clientSecret: 's' })).toEqual({ method: 'client_secret_post', readings: [{ clientId: 'c', secret: 's' }] })
  })

  it('by Basic, first as RFC 6749 encodes it, then as it stands', () => {
    expect(presentedBy(basic('a%2Db:s+t%3A'))).toEqual({
      method: 'client_secret_basic',
      readings: [
        { clientId: 'a-b', secret: 's t:' },
        { clientId: 'a%2Db', secret: 's+t%3A' },
      ],
    })
    expect(presentedBy(basic('c:100%'))).toMatchObject({ readings: [{ clientId: 'c', secret: '100%' }] })
    expect(presentedBy(basic('c:s:with:colons'))).toMatchObject({ readings: [{ secret: 's:with:colons' }, {}] })
  })

  it('by Basic without a colon says nothing', () => {
    for (const request of [basic('c'), { authorization: 'Basic' }, { authorization: 'Basic ' }]) expect(presentedBy(request)).toMatchObject({ readings: [] })
  })

  it('in one way at a time', () => {
    expect(code({ ...basic('c:s'), clientId: 'c', clientSecret: 's' })).toBe('invalid_request')
    expect(code({ ...basic('c:s'), assertion: 'x' })).toBe('invalid_request')
    expect(code({ clientId: 'c', clientSecret: 's', assertion: 'x' })).toBe('invalid_request')
    expect(code({ ...basic('c:s'), clientId: 'other' })).toBe('invalid_request')
    expect(code({ ...basic('c:s'), clientId: 'c' })).toBe('none')
  })

  it('or not at all', () => {
    expect(presentedBy({})).toBeUndefined()
    expect(presentedBy({ authorization: 'Bearer x' })).toBeUndefined()
    expect(code({ assertion: 'x', assertionType: 'y' })).toBe('invalid_request')
  })
})

it('a claimed client is read from wherever it stands, without an error', () => {
  const assertion = `x.${Buffer.from('{"iss":"c"}').toString('base64url')}.y`
  expect(claimedClientId({ clientId: 'c' })).toBe('c')
  expect(claimedClientId(basic('c:s'))).toBe('c')
  expect(claimedClientId({ assertion, assertionType: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' })).toBe('c')
  expect(claimedClientId({ clientId: 'c', assertion, assertionType: 'unknown' })).toBe('c')
  for (const request of [{}, { assertion: 'x.y' }, basic('nothing')]) expect(claimedClientId(request)).toBeUndefined()
})
