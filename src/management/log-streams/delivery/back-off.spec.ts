import { backOff } from './back-off.js'

it('tries three times, then waits a minute, twice as long after each further round, and an hour at most', () => {
  const waits = Array.from({ length: 24 }, (_, n) => backOff(n + 1))
  expect(waits.slice(0, 6).map(({ seconds }) => seconds)).toEqual([1, 5, 60, 1, 5, 120])
  expect(waits.filter(({ roundEnds }) => roundEnds).map(({ seconds }) => seconds)).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600])
  expect(backOff(1_000_000).seconds).toBeLessThanOrEqual(3600)
})
