import { parentPort, workerData } from 'node:worker_threads'
import eoc from 'express-openid-connect'
import express from 'express'

/*
 * A web application as the package's quickstart shows it, with a route that refreshes; in a thread of its own, since the package requires ES
 * modules, which Jest cannot. Sessions of who was logged out through the back channel are kept in memory.
 */
const { port, params } = workerData
const told = new Map()
const store = {
  get: (id, done) => done(null, told.get(id)),
  set: (id, session, done) => done(null, void told.set(id, session)),
  destroy: (id, done) => done(null, void told.delete(id)),
}
const app = express()
app.use(eoc.auth({ ...params, backchannelLogout: { store } }))
app.get('/', (req, res) => res.json({ user: req.oidc.user ?? null, told: told.size }))
app.get('/refresh', async (req, res) => {
  const before = req.oidc.accessToken
  const { access_token, token_type } = await before.refresh()
  res.json({ renewed: access_token !== before.access_token, token_type })
})
app.use((error, _req, res, _next) => res.status(500).json({ error: error.error, message: error.message }))
app.listen(port, () => parentPort.postMessage('listening'))
