import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { ROOT } from '../support/service.js'

const LOGGING = path.join(ROOT, 'dist/src/logging.js')

/** A process that makes a logger and does this with it. */
const logging = (work: string): ReturnType<typeof spawn> =>
  spawn(
    process.execPath,
    ['--input-type=module', '--eval', `import { createLogger } from ${JSON.stringify(LOGGING)}; const log = createLogger('info', 'http'); ${work}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )

async function said(child: ReturnType<typeof spawn>): Promise<string[]> {
  let text = ''
  child.stdout!.setEncoding('utf8').on('data', (more: string) => (text += more))
  await once(child, 'close')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { msg: string }).msg)
}

test.each([
  ['that ends', `log.info('one'); log.info('two'); process.exit(0)`],
  ['that has nothing left to do', `log.info('one'); log.info('two')`],
  ['that fails', `log.info('one'); log.info('two'); process.on('uncaughtException', () => process.exit(1)); throw new Error('fails')`],
])('a process %s has written all its lines', async (_, work) => {
  expect(await said(logging(work))).toEqual(['one', 'two'])
})

test('a process that goes on writes its lines without another one to come', async () => {
  const child = logging(`log.info('one'); setInterval(() => undefined, 1000)`)
  const [line] = (await once(child.stdout!.setEncoding('utf8'), 'data')) as [string]
  expect((JSON.parse(line) as { msg: string }).msg).toBe('one')
  child.kill('SIGKILL')
})
