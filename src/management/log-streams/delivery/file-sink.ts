import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import type { DeliveredLog } from './delivered-log.js'

/**
 * Appends a batch to a file of the operator's directory, a JSON object a line, then the seal that covers it, and returns when the disk has it.
 * Opened each time, so a file that was moved away is made anew. A link is not followed: it could lead out of the directory.
 */
export async function appendToFile(directory: string, name: string, logs: readonly DeliveredLog[], seal: object): Promise<void> {
  const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW } = constants
  const file = await open(path.join(directory, name), O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, 0o640)
  try {
    const { size } = await file.stat()
    const last = Buffer.alloc(1)
    if (size > 0) await file.read(last, 0, 1, size - 1)
    // Whoever was killed in the middle of a line left it open.
    const torn = size > 0 && last.toString() !== '\n'
    await file.appendFile(`${torn ? '\n' : ''}${[...logs, { seal }].map((line) => JSON.stringify(line)).join('\n')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}
