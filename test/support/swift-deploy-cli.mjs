// Loaded before `auth0-deploy-cli`, in its process: takes out what costs the tool most of a minute and concerns the service it talks to in nothing.
import { createRequire } from 'node:module'

const part = (name) => createRequire(import.meta.url)(`auth0-deploy-cli/lib/${name}.js`)

// What it checks an import against has a branch for every text of every language, eight megabytes that are compiled at each start: leave that of one.
const { languages } = part('types')
languages.splice(0, languages.length, 'en')

// It waits for Auth0's rate limits,
const client = part('tools/auth0/client')
const paged = client.default
client.default = (...args) => {
  const made = paged(...args)
  made.pool.frequencyLimit = Infinity
  return made
}

// and for Auth0 to have done what it was told; it asks again if that was too early.
const utils = part('tools/utils')
const sleep = utils.sleep
utils.sleep = (ms) => sleep(ms / 10)
