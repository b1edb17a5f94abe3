import pg from 'pg'
import { AppendQueue } from '../../../src/event-store/append-queue.js'
import { EventStore } from '../../../src/event-store/event-store.js'
import { family } from '../../../src/tokens/index.js'
import { exchange } from '../../../src/tokens/refresh-token/exchange.js'
import { appendOf, bearStreams, StreamRing } from '../append-statement.js'
import { CLIENT, POLICY, seededFamilies } from '../families.js'
import { type Bench, besideAlone, everyWay, type Figures, type Group, type Ratio, type Results } from '../row.js'
import { inScene } from '../scene.js'
import { PGBENCH, RAW } from './reference.js'

const TRANSACT = 'transact (read, decide, append)'
const QUEUE = 'append alone'

/** The bar that the store was given: appends a second, as a share of what pgbench reaches with the same statement, 32 callers. */
const BAR = 0.6

const FAMILIES = 1024

export const append: Group = {
  name: 'append',
  about:
    '`EventStore.transact` on many streams: a family is read, its rotation decided and appended. “Append alone” sends prepared appends of the same size through the append queue; ' +
    'no projection knows their events.',
  rows: [...everyWay(TRANSACT, transact), ...everyWay(QUEUE, appendAlone)],
  ratios: (results) => [...againstReference(results), ...[TRANSACT, QUEUE].flatMap((name) => besideAlone(name, results))],
}

async function transact(bench: Bench, callers: number, background: boolean): Promise<Figures> {
  const template = await seededFamilies(bench, FAMILIES)
  const { families, rotation } = template.content
  const { origin } = JSON.parse(rotation.metadata) as { origin: never }
  return inScene(bench, template, background, ({ service, measure }) => {
    const store = service.get(EventStore)
    const next = Array.from({ length: callers }, (_, caller) => caller)
    return measure(callers, async (caller) => {
      const { familyId, userId } = families[next[caller]!]!
      next[caller] = (next[caller]! + callers) % families.length
      const { result } = await store.transact(
        family,
        familyId,
        (state, now) =>
          exchange(
            state,
            { clientId: CLIENT, generation: state.status === 'active' ? state.generation : 0, dpopThumbprint: null, confidential: true },
            POLICY,
            now,
          ),
        { clientId: CLIENT, userId, origin },
      )
      if (result.kind === 'refused') throw new Error(`a rotation was refused: ${result.why}`)
    })
  })
}

async function appendAlone(bench: Bench, callers: number, background: boolean): Promise<Figures> {
  const template = await seededFamilies(bench, FAMILIES)
  const { rotation } = template.content
  return inScene(bench, template, background, async ({ url, service, measure }) => {
    await bearStreams(url, rotation)
    const queue = new AppendQueue(service.get(pg.Pool))
    const own = Array.from({ length: callers }, (_, caller) => new StreamRing(caller, callers))
    const at = new Date()
    return measure(callers, async (caller) => {
      const { streamId, version } = own[caller]!.next()
      if ((await queue.append(appendOf(rotation, streamId, version, at))) === 'conflict') throw new Error(`${streamId} is not at version ${version - 1}`)
    })
  })
}

function againstReference(results: Results): Ratio[] {
  return [QUEUE, TRANSACT].flatMap((name) =>
    [PGBENCH, RAW].map((reference) => {
      const [reached, possible] = [results(name, 32, false)?.perSecond, results(reference, 32)?.perSecond]
      const what = `${name} ÷ ${reference}, 32 callers`
      if (!reached || !possible) return { what, value: 'not measured' }
      return { what, value: (reached / possible).toFixed(2), ...(reference === PGBENCH && { goal: `≥ ${BAR}`, met: reached / possible >= BAR }) }
    }),
  )
}
