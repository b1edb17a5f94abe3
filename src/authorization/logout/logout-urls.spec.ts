import { isAllowedLogoutUrl } from './logout-urls.js'

const registered = ['https://app.example/bye', 'https://*.shop.example/out?x=1', 'myapp://done', 'https://root.example']
const allows = (url: string, ignoreQuery = true): boolean => isAllowedLogoutUrl(url, registered, { ignoreQuery })

it.each([
  'https://app.example/bye',
  'HTTPS://App.Example/bye',
  'https://app.example/bye?why=1#here',
  'https://one.shop.example/out',
  'myapp://done',
  'https://root.example/',
])('lets people go to %s', (url) => {
  expect(allows(url)).toBe(true)
})

it.each([
  'https://app.example/Bye',
  'https://app.example/bye/more',
  'https://app.example.evil.example/bye',
  'https://app.example@evil.example/bye',
  'https://evil.example\\@app.example/bye',
  'https://app.example:444/bye',
  'http://app.example/bye',
  '//app.example/bye',
  'https://two.labels.shop.example/out',
  'https://.shop.example/out',
  'https://*.shop.example/out',
  'javascript:alert(1)',
  'https://app.example/bye\n',
  '/bye',
  '',
])('does not send people to %j', (url) => {
  expect(allows(url)).toBe(false)
})

it('counts the query where the query counts', () => {
  expect(allows('https://app.example/bye', false)).toBe(true)
  expect(allows('https://app.example/bye?why=1', false)).toBe(false)
  expect(allows('https://one.shop.example/out?x=1', false)).toBe(true)
  expect(allows('https://one.shop.example/out', false)).toBe(false)
})

it('takes nothing registered for nothing allowed', () => {
  expect(isAllowedLogoutUrl('https://app.example/', [], { ignoreQuery: true })).toBe(false)
  expect(isAllowedLogoutUrl('javascript:alert(1)', ['javascript:alert(1)'], { ignoreQuery: true })).toBe(false)
})
