import { originText, readOriginText } from './origin-text.js'

/** Every phrase once, in the order of its character: as long as logs are kept, none may change. */
const ALL =
  'Mozilla/5.0 (X11; Linux x86_64Windows NT 10.0; Win64; x64Macintosh; Intel Mac OS X 10_15_7iPhone; CPU iPhone OS iPad; CPU OS Linux; Android ; K)' +
  ' like Mac OS X) AppleWebKit/537.36 (KHTML, like Gecko) ) AppleWebKit/605.1.15 (KHTML, like Gecko) Chrome/Version/.0.0.0 Mobile Safari/537.36 Safari/604.1' +
  ' Safari/605.1.15/15E148 Edg/ OPR/CriOS/SamsungBrowser/) Gecko/20100101 Firefox/; rv:; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/' +
  ' CFNetwork/ Darwin/'

describe('the text of an origin', () => {
  it('says what it always said', () => {
    const characters = Array.from({ length: 28 }, (_, n) => String.fromCharCode(n + 1)).join('')
    expect(readOriginText(`203.0.113.5\0${characters}\0`)).toEqual({ ip: '203.0.113.5', userAgent: ALL })
  })

  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', 9],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0', 14],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0', 14],
    ['MyShop/3.4.1 (iOS 18.1.0) Alamofire/5.9.1', 41],
    ['', 0],
  ])('is short for a browser, and read again: %s', (userAgent, characters) => {
    const text = originText({ ip: '::1', userAgent })!
    expect(text).toHaveLength(3 + characters + 2)
    expect(readOriginText(`${text}\0\0`)).toEqual({ ip: '::1', userAgent })
  })

  it.each([[null], ['203.0.113.5'], [{ ip: '::1' }], [{ ip: '::1', userAgent: 'a', more: 1 }], [{ ip: '::1', userAgent: 7 }], [[1, 2]]])(
    'is for origins alone: %j',
    (value) => {
      expect(originText(value)).toBeUndefined()
    },
  )
})
