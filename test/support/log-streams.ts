import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { Audit } from '../../src/audit/audit.js'
import { type Json, startApp, type TestApp } from './app.js'

export interface Post {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export const logsIn = ({ body }: Post): Json[] => body.split('\n').map((line) => JSON.parse(line))

/** A service from `start` to `stop`, and the server of the test's own that its log streams post to. Its functions are made to be taken apart. */
export function logStreams() {
  /** What was posted, by path, and how each path answers. */
  const posts = new Map<string, Post[]>()
  const answers = new Map<string, (res: ServerResponse) => void>()
  let service: TestApp
  let base: string
  let directory: string
  let made = 0
  const sink = createServer((req, res) => {
    void (async () => {
      let body = ''
      for await (const chunk of req) body += String(chunk)
      const url = req.url!
      posts.set(url, [...(posts.get(url) ?? []), { url, headers: req.headers, body }])
      const answer = answers.get(url)
      if (answer) answer(res)
      else res.writeHead(204).end()
    })()
  })

  return {
    posts,
    answers,

    /** The service, the address of the server, and the folder of streams to files. */
    async start(): Promise<{ service: TestApp; base: string; directory: string }> {
      await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
      base = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`
      directory = mkdtempSync(path.join(os.tmpdir(), 'evergrant-streams-'))
      service = await startApp({ ALLOW_PRIVATE_TARGETS: 'true', LOG_STREAMS_DIRECTORY: directory, LOG_STREAMS_MAX: '40' })
      return { service, base, directory }
    },

    async stop(): Promise<void> {
      await service.close()
      sink.closeAllConnections()
      await new Promise((resolve) => sink.close(resolve))
      rmSync(directory, { recursive: true })
    },

    /** A stream of refused sign-ups, which nothing here makes but `happen`, to a path of its own. */
    async stream(members: object = {}, more: object = {}): Promise<{ id: string; url: string }> {
      const url = `/sink-${++made}`
      const filters = [{ type: 'category', name: 'auth.signup.fail' }]
      const body = { name: `stream ${made}`, type: 'http', filters, ...members, sink: { httpEndpoint: base + url, ...more } }
      const { status, body: found } = await service.api('POST', 'log-streams', body)
      expect({ status, found }).toMatchObject({ status: 200 })
      return { id: found.id, url }
    },

    async happen(...descriptions: string[]): Promise<void> {
      for (const description of descriptions) await service.app.get(Audit).record({ type: 'SignupFailed', data: { description } }, {})
    },

    heard: (url: string): string[] => (posts.get(url) ?? []).flatMap(logsIn).map(({ data }) => data.description),

    async patch(id: string, body: object): Promise<Json> {
      const answer = await service.api('PATCH', `log-streams/${id}`, body)
      expect(answer).toMatchObject({ status: 200 })
      return answer.body
    },

    health: async (id: string): Promise<Json> => (await service.api('GET', `log-streams/${id}/health`)).body,
  }
}
