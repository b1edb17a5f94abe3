import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { BuildProblem, Dependency, Package } from '../action/action.events.js'

const INSTALL_MS = 60_000
const MAX_OUTPUT = 1_000_000

interface Installed {
  /** As declared, with the versions that they turned out to be. */
  readonly dependencies: readonly Dependency[]
  /** All of them, also those that others need. */
  readonly packages: readonly Package[]
}

/**
 * Installs packages of a registry into a folder, by npm, without running a line of them. Nothing of this process's environment reaches npm.
 * Errors: none that come from the packages or the registry: those are problems.
 */
export async function installPackages(
  folder: string,
  dependencies: readonly Dependency[],
  { registry, signal }: { readonly registry: string; readonly signal: AbortSignal },
): Promise<Installed | { readonly problems: readonly BuildProblem[] }> {
  const wanted = Object.fromEntries(dependencies.map(({ name, version }) => [name, version === '' ? 'latest' : version]))
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'action', private: true, dependencies: wanted }))
  const failed = await runNpm(folder, registry, signal)
  if (failed) return { problems: [failed] }
  return readLock(folder, dependencies, registry)
}

async function runNpm(folder: string, registry: string, signal: AbortSignal): Promise<BuildProblem | undefined> {
  const args = ['install', ...OPTIONS, `--registry=${registry}`, `--cache=${path.join(folder, '.npm')}`]
  const [command, ...first] = npm()
  const environment = { PATH: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`, HOME: os.homedir() }
  return new Promise((done) => {
    const options = { cwd: folder, env: environment, timeout: INSTALL_MS, killSignal: 'SIGKILL' as const, maxBuffer: MAX_OUTPUT, signal }
    execFile(command, [...first, ...args], options, (error, _, stderr) => done(error ? problemOf(error, stderr, registry) : undefined))
  })
}

/** Packages come from the registry alone: no repository, address or folder that another package names. */
const OPTIONS = [
  '--ignore-scripts',
  '--allow-git=none',
  '--allow-remote=none',
  '--allow-file=none',
  '--allow-directory=none',
  '--git=/nonexistent/git',
  '--omit=dev',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--no-progress',
  '--loglevel=error',
  '--omit-lockfile-registry-resolved=false',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=500',
  '--fetch-retry-maxtimeout=500',
  '--fetch-timeout=15000',
]

/** npm lies beside node where both were installed together; else it is looked for by name. */
function npm(): readonly [string, ...string[]] {
  const beside = path.resolve(path.dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js')
  return existsSync(beside) ? [process.execPath, beside] : ['npm']
}

const UNREACHABLE = ['ENOTFOUND', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN', 'ERR_SOCKET_TIMEOUT', 'EHOSTUNREACH', 'ENETUNREACH']

function problemOf(error: Error & { killed?: boolean; code?: unknown }, stderr: string, registry: string): BuildProblem {
  if (error.killed) return { id: 'dependencies_failed', msg: `The dependencies could not be installed within ${INSTALL_MS / 1000} s.` }
  if (error.code === 'ENOENT') return { id: 'dependencies_failed', msg: 'The dependencies could not be installed: there is no npm on this machine.' }
  const lines = stderr.split('\n').flatMap((line) => (/^npm (?:error|ERR!) (.*)/.exec(line) ?? []).slice(1))
  const code = lines.flatMap((line) => (/^code (\S+)/.exec(line) ?? []).slice(1))[0] ?? 'EUNKNOWN'
  if (UNREACHABLE.includes(code))
    return { id: 'registry_unreachable', msg: `The package registry ${withoutCredentials(registry)} could not be reached (${code}).` }
  const [told] = lines.filter((line) => !/^(code|errno|syscall|A complete log|network) ?/.test(line) && line.trim() !== '')
  return { id: 'dependencies_failed', msg: `The dependencies could not be installed: ${(told ?? code).slice(0, 500)}` }
}

/** Problems are shown, and stand in events. */
function withoutCredentials(registry: string): string {
  const { origin, pathname } = new URL(registry)
  return origin + pathname
}

interface Lock {
  readonly packages?: Readonly<Record<string, { version?: string; integrity?: string; resolved?: string; link?: boolean; inBundle?: boolean }>>
}

async function readLock(
  folder: string,
  dependencies: readonly Dependency[],
  registry: string,
): Promise<Installed | { readonly problems: readonly BuildProblem[] }> {
  const lock = JSON.parse(await readFile(path.join(folder, 'package-lock.json'), 'utf8')) as Lock
  const entries = Object.entries(lock.packages ?? {}).filter(([place]) => place !== '')
  const origin = new URL(registry).origin
  // A bundled package came inside another one, whose integrity covers it.
  const foreign = entries.find(([, entry]) => !entry.inBundle && (entry.link || !entry.integrity || !entry.version || !sameOrigin(entry.resolved, origin)))
  if (foreign) return { problems: [{ id: 'dependencies_failed', msg: `${nameOf(foreign[0])} does not come from the package registry.` }] }
  const versions = new Map(entries.map(([place, { version }]) => [place, version!]))
  return {
    dependencies: dependencies.map(({ name }) => ({ name, version: versions.get(`node_modules/${name}`)! })),
    packages: entries
      .filter(([, entry]) => !entry.inBundle)
      .map(([place, { version, integrity }]) => ({ name: nameOf(place), version: version!, integrity: integrity! })),
  }
}

const sameOrigin = (address: string | undefined, origin: string): boolean =>
  address !== undefined && URL.canParse(address) && new URL(address).origin === origin

const nameOf = (place: string): string => place.replace(/^.*node_modules\//, '')
