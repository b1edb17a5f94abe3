import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import path from 'node:path'

interface GeneratedSecret {
  readonly value: string
  /** True once, at the start that made it: the moment to print what a person must know. */
  readonly created: boolean
}

/** Makes DATA_DIR (0700) where it is missing. One that exists keeps its mode: everything in it is closed by itself. */
export async function openDataDir(dataDir: string): Promise<void> {
  await mkdir(path.dirname(dataDir), { recursive: true })
  await mkdir(dataDir, { mode: 0o700 }).catch(ignoreExisting)
}

/**
 * The secret `name` of this installation, made at its first use and kept in `dataDir`/secrets (0700/0600).
 * Whole on disk before it is answered, and the same for all who ask at once: what it encrypts must stay readable.
 */
export async function secret(dataDir: string, name: string, make: () => string): Promise<GeneratedSecret> {
  const folder = path.join(dataDir, 'secrets')
  const file = path.join(folder, name)
  await mkdir(folder, { mode: 0o700 }).catch(ignoreExisting)
  const known = await readIfThere(file)
  if (known !== undefined) return { value: known, created: false }

  const draft = path.join(folder, `.${name}.${randomUUID()}`)
  const value = make()
  try {
    await writeThrough(draft, `${value}\n`)
    // link(2) refuses to replace: of two that make it at once, the first one wins for both.
    await link(draft, file)
    await syncFolder(folder)
    return { value, created: true }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return { value: (await readIfThere(file))!, created: false }
  } finally {
    await rm(draft, { force: true })
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text !== undefined && text.trim() === '') throw new Error(`DATA_DIR: ${file} is empty: restore it from a backup, or delete it to have a new one made`)
  return text?.trim()
}

async function writeThrough(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  await handle.sync()
  await handle.close()
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
