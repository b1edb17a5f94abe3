import { sameAddress } from './address.js'

const TOKEN = 'https://id.example.com/oauth/token'

describe('the address of a proof', () => {
  it.each([
    [TOKEN],
    ['HTTPS://ID.Example.COM/oauth/token'],
    ['https://id.example.com:443/oauth/token'],
    ['https://id.example.com/oauth/token?a=b'],
    ['https://id.example.com/oauth/token#f'],
    ['https://id.example.com/x/../oauth/./token'],
    ['https://id.example.com/oauth/%74oken'],
  ])('%s is the same', (given) => expect(sameAddress(given, TOKEN)).toBe(true))

  it.each([
    [''],
    ['/oauth/token'],
    ['oauth/token'],
    ['http://id.example.com/oauth/token'],
    ['https://id.example.com:8443/oauth/token'],
    ['https://id.example.com/oauth/token/'],
    ['https://id.example.com/OAuth/token'],
    ['https://id.example.com/oauth%2Ftoken'],
    ['https://user@id.example.com/oauth/token'],
    ['https://id.example.com.evil.example/oauth/token'],
    ['https://id.example.com@evil.example/oauth/token'],
    ['https://evil.example/?https://id.example.com/oauth/token'],
    ['javascript:https://id.example.com/oauth/token'],
  ])('%s is another', (given) => expect(sameAddress(given, TOKEN)).toBe(false))

  it('has one spelling of what stands in a segment, and of the path that is empty', () => {
    const user = 'https://id.example.com/api/v2/users/auth0%7Cada'
    expect(sameAddress('https://id.example.com/api/v2/users/auth0|ada', user)).toBe(true)
    expect(sameAddress('https://id.example.com/api/v2/users/auth0%7cada', user)).toBe(true)
    expect(sameAddress('https://id.example.com', 'https://id.example.com/')).toBe(true)
    expect(sameAddress('https://id.example.com/%ff%2f', 'https://id.example.com/%FF%2F')).toBe(true)
  })
})
