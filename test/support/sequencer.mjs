import Sequencer from '@jest/test-sequencer'

/** What takes longest: begun last, it would be waited for at the end with a core idle. */
const FIRST = [/ten-thousand-clients/, /deploy-cli/, /e2e\/hostile/, /test\/process\//, /actions-conformance/, /accessibility/]

const rank = ({ path }) => (FIRST.findIndex((pattern) => pattern.test(path)) + FIRST.length + 1) % (FIRST.length + 1)

/** Jest's order, by how long files took the last time or else by their size, but for those known to be long. */
export default class extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => rank(a) - rank(b))
  }
}
