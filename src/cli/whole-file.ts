import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'

/**
 * Writes a file that appears when it is complete, readable by its owner alone; a failure leaves what was there.
 * A target that is no ordinary file, such as a pipe or a device, is written to as it is and never replaced.
 */
export async function wholeFile(file: string, write: (out: Writable) => Promise<void>): Promise<void> {
  const replace = await stat(file).then(
    (found) => found.isFile(),
    () => true,
  )
  const target = replace ? `${file}.${process.pid}.new` : file
  const out = createWriteStream(target, { mode: 0o600 })
  // The next write reports it.
  out.on('error', () => undefined)
  try {
    await write(out)
    out.end()
    await finished(out)
    if (replace) await rename(target, file)
  } catch (error) {
    out.destroy()
    // It may still be about to open, which would make the file again.
    if (!out.closed) await once(out, 'close')
    if (replace) await rm(target, { force: true })
    throw error
  }
}
