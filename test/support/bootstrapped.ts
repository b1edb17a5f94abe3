import { bootstrap } from '../../src/bootstrap.js'
import { completeConfig, type Config, loadConfig } from '../../src/config.js'

/** One for the run: databases are copied with what is encrypted in them. */
export const ENCRYPTION_KEY = process.env['TEST_ENCRYPTION_KEY']!

/** A configuration for a test's database; `env` adds variables. */
export const configFor = (databaseUrl: string, env: Record<string, string> = {}): Config =>
  completeConfig(loadConfig({ DATABASE_URL: databaseUrl, ENCRYPTION_KEY, ISSUER_URL: 'http://localhost:3000/', ...env }, '/tmp'))

/** Runs the bootstrap and answers what it printed. */
export async function bootstrapped(databaseUrl: string, env: Record<string, string> = {}): Promise<string[]> {
  const lines: string[] = []
  await bootstrap(configFor(databaseUrl, env), (line) => lines.push(line))
  return lines
}
