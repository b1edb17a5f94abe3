import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import type { LiveLine, WatchConsole } from '../../actions/index.js'
import { ActionConsoleController } from './console.controller.js'

it('keeps a megabyte at most for a watcher who does not read, and goes on when they do', async () => {
  let tell!: (line: LiveLine) => void
  const bus = {
    execute: ({ hear }: WatchConsole) => {
      tell = hear
      return Promise.resolve(() => undefined)
    },
  }
  const res = Object.assign(new PassThrough(), { req: { method: 'GET' }, writeHead: () => undefined })
  await new ActionConsoleController(bus as unknown as QueryBus).stream(res as unknown as Response)
  for (let n = 0; n < 100; n++) tell({ text: 'x'.repeat(100_000) } as LiveLine)
  expect(res.writableLength + res.readableLength).toBeLessThan(1_300_000)
  const read = res.setEncoding('utf8').toArray() as Promise<string[]>
  await once(res, 'drain')
  tell({ text: 'later' } as LiveLine)
  res.end()
  expect((await read).join('')).toMatch(/"later"}\n\n$/)
  res.destroy()
})
