import { askOverHttp } from '../http/generator.js'
import { Instance } from '../http/instance.js'
import { afterCrowd, type Question } from '../http/question.js'
import { exchange, onlineExchange, silentAuthentication } from '../http/questions.js'
import { type HttpSeed, httpSeed } from '../http/seed.js'
import { CALLERS, type Group, type Row } from '../row.js'
import { addedByOne, BOUND } from './actions.js'

const nameOf = (bound: number): string => `exchange, rotating, ${bound} ${bound === 1 ? 'Action' : 'Actions'}`

export const exchanges: Group = {
  name: 'exchanges',
  about:
    'As the http rows, whole requests to `node main.js` beside its background process: rotating exchanges through post-login Actions, online refresh tokens, and silent authentication ' +
    '(`prompt=none` with a session cookie), which answers a code. A crowd warms the service before each row. CPU of the Actions’ runners is not in these columns.',
  rows: CALLERS.flatMap((callers) => [
    ...BOUND.map((bound) => row(nameOf(bound), callers, exchange('rotating'), bound)),
    row('exchange, online', callers, onlineExchange),
    row('silent authentication', callers, silentAuthentication),
  ]),
  // The background is at work in all of them, so results are asked for with it.
  ratios: (results) => addedByOne(nameOf, ' to an exchange over HTTP')((name, callers) => results(name, callers, true)),
}

/** `ask` may use the service to find out what to ask. */
function row(name: string, callers: number, ask: (seed: HttpSeed, instance: Instance) => Question | Promise<Question>, actions = 0): Row {
  return {
    name,
    callers,
    background: true,
    measure: async (bench) => {
      const { cluster, pace } = bench
      const template = await httpSeed(bench, actions)
      return cluster.onCopy(template, async (url) => {
        const instance = await Instance.start(url, cluster.scratch)
        try {
          const question = await ask(template.content, instance)
          const meters = { service: instance.cpu, background: instance.backgroundCpu, database: cluster.cpu }
          return await askOverHttp(pace, meters, { port: instance.port, ...afterCrowd(question, callers) })
        } finally {
          await instance.stop()
        }
      })
    },
  }
}
