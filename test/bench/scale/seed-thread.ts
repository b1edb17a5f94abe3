/** A thread of the seeder: asks for chunks until there is none. seed.ts starts it. */
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import type { Chunk } from './plan.js'
import { type Assignment, writeChunks } from './write-chunks.js'

const port = parentPort!

await writeChunks(workerData as Assignment, async () => {
  const answer = once(port, 'message')
  port.postMessage('next')
  return ((await answer) as [Chunk | null])[0] ?? undefined
})
port.close()
