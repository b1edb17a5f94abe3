import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Express, Request, Response } from 'express'
import { DirectExpressAdapter } from './express-adapter.js'

/** What Node made, before Express saw it, and what Express made of it. */
let born: { readonly req: object; readonly res: object }
let handled: typeof born
let server: Server
let url: string

const prototypesOf = (req: IncomingMessage, res: ServerResponse): typeof born => ({ req: Object.getPrototypeOf(req), res: Object.getPrototypeOf(res) })

beforeAll(async () => {
  const adapter = new DirectExpressAdapter()
  adapter.initHttpServer({})
  server = adapter.getHttpServer()
  server.prependListener('request', (req, res) => (born = prototypesOf(req, res)))
  adapter.getInstance<Express>().use((req: Request, res: Response) => {
    handled = prototypesOf(req, res)
    res.status(201).json({ asked: req.path, with: req.query, host: req.get('host'), app: req.app === res.app })
  })
  server.listen(0)
  await once(server, 'listening')
  url = `http://localhost:${(server.address() as { port: number }).port}`
})

afterAll(() => server.close())

test('requests and responses are made as Express wants them, so that it changes nothing', async () => {
  await fetch(`${url}/`)
  expect(handled.req).toBe(born.req)
  expect(handled.res).toBe(born.res)
})

test('they have the methods of Express', async () => {
  const res = await fetch(`${url}/there?a=1`)
  expect(res.status).toBe(201)
  expect(await res.json()).toEqual({ asked: '/there', with: { a: '1' }, host: url.slice('http://'.length), app: true })
})
