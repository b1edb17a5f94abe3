/** A step did not go as told: the tour ends there. */
export class NotAsTold extends Error {}

/** Errors: NotAsTold. */
export function told(condition: boolean, what: string): asserts condition {
  if (!condition) throw new NotAsTold(what)
}

const MAX = 150

/** Tells the story: a headline for each chapter, a sentence for each step, two lines for each request and its answer. */
export class Narrator {
  #step = 0

  constructor(private readonly write: (line: string) => void) {}

  chapter(title: string): void {
    this.write(`\n${title}\n${'─'.repeat(title.length)}\n`)
  }

  step(sentence: string): void {
    this.write(`\n${String(++this.#step).padStart(2)}. ${sentence}\n`)
  }

  request(method: string, address: string, body?: unknown): void {
    this.write(`    → ${line(`${method} ${address}`, body)}\n`)
  }

  answer(status: number, body?: unknown): void {
    this.write(`    ← ${line(String(status), body)}\n`)
  }

  remark(sentence: string): void {
    this.write(`      ${sentence}\n`)
  }
}

function line(head: string, body: unknown): string {
  const rest = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(shortened(body))
  const whole = rest === '' ? head : `${head}  ${rest}`
  return whole.length > MAX ? `${whole.slice(0, MAX - 1)}…` : whole
}

const SECRET = /token$|^code$|secret|password|verifier|transaction/

/** Tokens and passwords are only hinted at: a terminal's history is no place for them. */
function shortened(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return SECRET.test(name) && value.length > 10 ? `${value.slice(0, 3)}…${value.slice(-4)}` : value
  if (Array.isArray(value)) return value.map((item) => shortened(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shortened(member, key)]))
}
