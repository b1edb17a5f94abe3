import { CommandBus } from '@nestjs/cqrs'
import { RedeemRefreshToken, type RedeemedRefreshToken } from '../../../src/tokens/index.js'
import { CLIENT, ORIGIN, POLICY, type SeededFamily, seededFamilies } from '../families.js'
import { type Bench, besideAlone, everyWay, type Figures, type Group, type Ratio, type Results } from '../row.js'
import { inScene } from '../scene.js'
import { RS256 } from './bounds.js'

export const ROTATION = 'rotation'
const OF_STRANGERS = 'rotation, person not seen before'

/** Few enough that every person's key is at hand after the warm-up. */
const FAMILIES = 1024
/** More than a process keeps keys of (keys/person-keys.ts), so that none is at hand when its turn comes. */
const STRANGERS = 24_000
const STRANGERS_QUICK = 2000

/** design.md §5: CPU of service and database for an exchange with two RS256 signatures. */
const BUDGET_MICROS = 1250

export const rotation: Group = {
  name: 'rotation',
  about:
    "`RedeemRefreshToken` through Nest's CommandBus, without HTTP and without signatures. Each caller rotates its own families in turn, each family's newest token. " +
    "With a “person not seen before” the person's key comes from its table each time, as for people who refresh less often than once a minute.",
  rows: [
    ...everyWay(ROTATION, (bench, callers, background) => rotate(bench, FAMILIES, callers, background)),
    ...everyWay(OF_STRANGERS, (bench, callers, background) => rotate(bench, bench.pace.quick ? STRANGERS_QUICK : STRANGERS, callers, background)),
  ],
  ratios: (results) => [...[ROTATION, OF_STRANGERS].map((name) => againstBudget(name, results)), ...besideAlone(ROTATION, results)],
}

async function rotate(bench: Bench, count: number, callers: number, background: boolean): Promise<Figures> {
  const template = await seededFamilies(bench, count)
  return inScene(bench, template, background, ({ service, measure }) => {
    const commands = service.get(CommandBus)
    const own = Array.from({ length: callers }, (_, caller) => new TokenRing(template.content.families.filter((__, n) => n % callers === caller)))
    return measure(callers, async (caller) => own[caller]!.next((token) => commands.execute(new RedeemRefreshToken(token, CLIENT, POLICY, ORIGIN))))
  })
}

/** One caller's families, whose newest tokens it spends one after the other. */
class TokenRing {
  readonly #tokens: string[]
  #at = 0

  constructor(families: readonly SeededFamily[]) {
    this.#tokens = families.map(({ token }) => token)
  }

  async next(redeem: (token: string) => Promise<RedeemedRefreshToken>): Promise<void> {
    const place = this.#at
    this.#at = (place + 1) % this.#tokens.length
    const redeemed = await redeem(this.#tokens[place]!)
    if (redeemed.kind === 'refused') throw new Error(`a rotation was refused: ${redeemed.why}`)
    this.#tokens[place] = redeemed.refreshToken
  }
}

function againstBudget(name: string, results: Results): Ratio {
  const what = `CPU of one ${name} and two RS256 signatures, 32 callers, with background; HTTP, client authentication and claims come on top`
  const row = results(name, 32, true)
  const signature = results(RS256, 32)?.serviceMicros
  if (!row || signature === undefined || row.databaseMicros === undefined) return { what, value: 'not measured' }
  const micros = total(row) + 2 * signature
  const left = BUDGET_MICROS - micros
  return {
    what,
    value: `${micros.toFixed(0)} µs (${(2 * signature).toFixed(0)} µs signatures, ${left.toFixed(0)} µs left)`,
    goal: `≤ ${BUDGET_MICROS} µs`,
    met: left >= 0,
  }
}

const total = ({ serviceMicros = 0, backgroundMicros = 0, databaseMicros = 0 }: Figures): number => serviceMicros + backgroundMicros + databaseMicros
