import type { Origin, PersonalData } from '../../event-store/event.js'
import type { Exchange, ReuseFacts, Use } from '../../tokens/index.js'
import { reuseCase, whatToDo } from './reuse-case.js'

const PLACES: Record<string, Origin> = {
  home: { ip: '203.0.113.1', userAgent: 'Chrome' },
  cafe: { ip: '198.51.100.1', userAgent: 'curl' },
  train: { ip: '192.0.2.1', userAgent: 'Chrome' },
}
const open = ({ origin }: Use): Origin | undefined => (origin === null ? undefined : PLACES[origin])
const at = (second: number): string => new Date(second * 1000).toISOString()
const use = (second: number, where: string): Use => ({ at: at(second), origin: where as PersonalData, position: second })
const exchange = (second: number, where: string, presented: number, rotated = true, seconds: number | null = 3600): Exchange => ({
  ...use(second, where),
  presented,
  rotated,
  access: { accessTokenId: `jti-${second}`, audience: 'api', scope: ['read'], ...(seconds !== null && { accessTokenSeconds: seconds }) },
})
const facts = (detected: Use, ...exchanges: Exchange[]): ReuseFacts => ({
  generation: exchanges[0]!.presented,
  latestGeneration: 9,
  issued: use(0, 'home'),
  spent: exchanges[0],
  exchanges,
  exchangeCount: exchanges.length,
  detected,
})
const sides = (of: ReuseFacts): string[] => reuseCase(of, open, new Date(0)).tokens.map(({ side }) => side)
const NOW = new Date(5000 * 1000)

describe('the case file of a reuse', () => {
  it('calls two places a theft, one place within minutes a retry, and says nothing of one place long after', () => {
    const assess = (second: Use): string => reuseCase(facts(second, exchange(100, 'home', 1)), open, NOW).assessment
    expect(assess(use(105, 'cafe'))).toBe('theft')
    expect(assess(use(105, 'train'))).toBe('theft')
    expect(assess(use(400, 'home'))).toBe('retry')
    expect(assess(use(401, 'home'))).toBe('unknown')
    expect(assess(use(105, 'erased'))).toBe('unknown')
  })

  it('gives the tokens of the line to whoever spent first, wherever they went', () => {
    expect(sides(facts(use(900, 'cafe'), exchange(100, 'home', 1), exchange(200, 'train', 2), exchange(300, 'home', 3)))).toEqual(['first', 'first', 'first'])
  })

  it('tells who repeated within the leeway by the place, and leaves open what both could have spent', () => {
    const repeated = [exchange(100, 'home', 1), exchange(101, 'cafe', 1, false), exchange(200, 'home', 2), exchange(300, 'train', 3), exchange(310, 'cafe', 4)]
    expect(sides(facts(use(900, 'cafe'), ...repeated))).toEqual(['first', 'second', 'first', 'either', 'second'])
    // Both in one place: nobody can tell.
    expect(sides(facts(use(900, 'home'), exchange(100, 'home', 1), exchange(101, 'home', 1, false), exchange(200, 'home', 2)))).toEqual([
      'first',
      'either',
      'either',
    ])
  })

  it('says which access tokens are good still, and until when', () => {
    const { tokens, validUntil } = reuseCase(
      facts(use(4000, 'cafe'), exchange(100, 'home', 1), exchange(2000.7, 'home', 2), exchange(3000, 'home', 3), exchange(3500, 'home', 4, true, null)),
      open,
      NOW,
    )
    expect(tokens.map(({ expiresAt, isValid }) => [expiresAt, isValid])).toEqual([
      [at(3700), false],
      [at(5600), true],
      [at(6600), true],
      [null, null],
    ])
    expect(validUntil).toBe(at(6600))
    expect(reuseCase(facts(use(4000, 'cafe'), exchange(100, 'home', 1)), open, NOW).validUntil).toBeNull()
    // To the second: at its expiry it is good no more.
    expect(reuseCase(facts(use(4000, 'cafe'), exchange(1400, 'home', 1)), open, NOW).tokens[0]?.isValid).toBe(false)
  })

  it('knows nothing of places once the person is erased, and all the rest', () => {
    const erased = reuseCase(facts(use(900, 'gone'), exchange(100, 'gone', 1), exchange(150, 'gone', 1, false)), open, NOW)
    expect(erased).toMatchObject({ assessment: 'unknown', secondsBetween: 800 })
    expect(erased.tokens.map(({ side }) => side)).toEqual(['first', 'either'])
  })

  it('advises by what was found', () => {
    const actions = (of: ReuseFacts, attempts = 0): string[] => whatToDo(reuseCase(of, open, NOW), 'auth0|1', attempts).map(({ action }) => action)
    expect(actions(facts(use(900, 'cafe'), exchange(100, 'home', 1)))).toEqual(['log_in_again', 'revoke_access'])
    expect(actions(facts(use(4900, 'cafe'), exchange(4800, 'home', 1)), 2)).toEqual(['log_in_again', 'reject_access_tokens', 'revoke_access', 'watch_attempts'])
    expect(actions(facts(use(103.2, 'home'), exchange(100, 'home', 1)))).toEqual(['log_in_again', 'set_leeway'])
    const [, leeway] = whatToDo(reuseCase(facts(use(103.2, 'home'), exchange(100, 'home', 1)), open, NOW), 'auth0|1', 0)
    expect(leeway?.text).toContain('to 4 or more')
    const [, , revoke] = whatToDo(reuseCase(facts(use(4900, 'cafe'), exchange(4800, 'home', 1)), open, NOW), 'auth0|1', 0)
    expect(revoke?.text).toContain('/users/auth0%7C1/revoke-access')
  })
})
