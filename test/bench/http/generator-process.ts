/** The callers, in a process of their own; generator.ts starts it and says when to count. */
import { once } from 'node:events'
import type { GeneratorOrder, GeneratorTask, Measured } from './generator.js'
import { type Question, VALUE } from './question.js'
import { RawClient } from './raw-client.js'

const [{ port, questions, crowd = [], warmUpAnswers }] = (await once(process, 'message')) as [GeneratorTask]
const took: number[] = []
let answers = 0
let counting = false
let begun = false

process.on('message', (order: GeneratorOrder) => {
  begun = true
  counting = order === 'open'
  if (order === 'close') process.send!({ took } satisfies Measured, () => process.exit(0))
})
// Also when the bench was killed.
process.on('disconnect', () => process.exit(0))

await Promise.all(crowd.map((question) => askWhile(question, (n) => !begun && (question.use !== 'once' || n < question.values.length))))
if (crowd.length > 0) process.send!('warm')
await Promise.all(questions.map((question) => askWhile(question, () => true)))

async function askWhile(question: Question, on: (n: number) => boolean): Promise<void> {
  const client = await RawClient.to(port)
  const values = [...question.values]
  for (let n = 0; on(n); n++) {
    const place = n % values.length
    if (question.use === 'once' && n >= values.length) throw new Error(`${values.length} values for ${question.path} were not enough: the seed is too small`)
    const request = textOf(question, values[place]!)
    const began = performance.now()
    const { status, body } = await client.ask(request)
    if (counting) took.push(performance.now() - began)
    if (++answers === warmUpAnswers) process.send!('warm')
    if (status !== (question.status ?? 200)) throw new Error(`${question.method} ${question.path} answered ${status}: ${body}`)
    if (question.use === 'follow') values[place] = successorIn(body)
  }
  client.close()
}

function textOf({ method, path, headers, body }: Question, value: string): string {
  const content = body?.replace(VALUE, value)
  const lines = [
    `${method} ${path.replace(VALUE, value)} HTTP/1.1`,
    `Host: localhost:${port}`,
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    ...Object.entries(headers).map(([name, text]) => `${name}: ${text.replace(VALUE, value)}`),
    ...(content === undefined ? [] : [`Content-Length: ${content.length}`]),
  ]
  return `${lines.join('\r\n')}\r\n\r\n${content ?? ''}`
}

function successorIn(body: string): string {
  const found = /"refresh_token":"([^"]+)"/.exec(body)?.[1]
  if (found === undefined) throw new Error(`an exchange brought no refresh token: ${body}`)
  return found
}
