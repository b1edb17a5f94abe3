// A process of its own with the npm package `auth0`: only there does NODE_EXTRA_CA_CERTS count. Calls come and answers go as messages.
import { ManagementClient } from 'auth0'
import { AuthenticationClient } from 'auth0/legacy'

/** A list whose read model is behind is asked for again: on a slow machine it is late. */
async function current(input, init) {
  for (;;) {
    const answer = await globalThis.fetch(input, init)
    if (answer.headers.get('Evergrant-Read-Model') !== 'behind') return answer
    await answer.body?.cancel()
  }
}

const options = JSON.parse(process.argv[2])
const management = new ManagementClient({ ...options, fetch: current })
const clients = { authentication: new AuthenticationClient(options) }

process.on('message', async ({ id, path, args }) => {
  try {
    const [first, ...others] = path.split('.')
    const names = first in clients ? others : [first, ...others]
    const method = names.pop()
    const resource = names.reduce((object, name) => object[name], clients[first] ?? management)
    process.send({ id, value: await collected(await resource[method](...args)) })
  } catch (error) {
    const { statusCode, body, message } = error
    process.send({ id, error: { statusCode, body, message } })
  }
})

/** All items of a list, which the package asks for page by page. */
async function collected(value) {
  if (!value?.[Symbol.asyncIterator]) return value
  const items = []
  for await (const item of value) items.push(item)
  return items
}
