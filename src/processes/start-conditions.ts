import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { ConfigError, type StartConfig } from '../config.js'
import { WrongValue } from '../config-values.js'

/** What a start can find wrong before it touches the database. Errors: ConfigError. */
export async function checkStart({ port, role, settings }: StartConfig): Promise<void> {
  const { logCheckpointFile, logStreamsDirectory } = settings
  // Where nobody works in the background nobody writes to them either.
  if (role !== 'http') {
    if (logCheckpointFile !== undefined) await checkFolder('LOG_CHECKPOINT_FILE', path.dirname(logCheckpointFile), '/mnt/audit/evergrant.checkpoint')
    if (logStreamsDirectory !== undefined) await checkFolder('LOG_STREAMS_DIRECTORY', logStreamsDirectory, '/var/log/evergrant')
  }
  await checkPort(port)
}

/** What keeps a port from being opened. */
export function portError(port: number, { code, message }: NodeJS.ErrnoException): ConfigError {
  const problem = code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be opened (${code ?? message})`
  return new ConfigError('PORT', `${port} ${problem}`, port === 3000 ? '3001' : '3000')
}

/** What keeps a start from using DATA_DIR, or its generated key; an error of another kind as it is. */
export function dataDirError(dataDir: string, error: unknown): unknown {
  if (error instanceof WrongValue) return new ConfigError('DATA_DIR', `in ${path.join(dataDir, 'secrets', 'encryption-key')} ${error.message}`, '.data')
  const { path: file, message } = error as NodeJS.ErrnoException
  return file === undefined ? error : new ConfigError('DATA_DIR', `${dataDir} cannot be used (${message})`, '/var/lib/evergrant')
}

async function checkFolder(variable: string, folder: string, example: string): Promise<void> {
  const refuse = (problem: string): never => {
    throw new ConfigError(variable, `the folder ${folder} ${problem}`, example)
  }
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) return refuse('does not exist')
  await access(folder, constants.W_OK | constants.X_OK).catch(() => refuse('cannot be written'))
}

/** It may be taken until the processes open it; who then finds it taken says the same. */
async function checkPort(port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((done, fail) => {
    server.once('error', (error) => fail(portError(port, error))).listen(port, done)
  })
  await new Promise((done) => server.close(done))
}
