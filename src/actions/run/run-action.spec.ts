import { redactor } from './run-action.js'

describe('secrets in what an Action writes', () => {
  it('are taken out whole, also one that begins as another does', () => {
    const redact = redactor({ SHORT: 'abcdefgh', LONG: 'abcdefgh-and-more' })
    expect(redact('abcdefgh-and-more, then abcdefgh')).toBe('*****, then *****')
  })

  it('stay where they are common words', () => {
    expect(redactor({ MODE: 'staging' })('on staging')).toBe('on staging')
  })
})
