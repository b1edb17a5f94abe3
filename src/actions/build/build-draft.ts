import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { BuildProblem, Dependency, Package } from '../action/action.events.js'
import { describable } from '../run/outcome.js'
import type { Program } from '../sandbox/runner-process.js'
import type { Sandbox } from '../sandbox/sandbox.js'
import { MODERN_RUNTIMES } from '../triggers.js'
import { bundlePackages } from './bundle-packages.js'
import { installPackages } from './install-packages.js'
import { scanCode } from './scan-code.js'

export interface DraftSource {
  readonly code: string
  readonly runtime: string
  readonly trigger: string
  readonly dependencies: readonly Dependency[]
}

export interface Built {
  readonly bundle: string | undefined
  readonly dependencies: readonly Dependency[]
  readonly packages: readonly Package[]
  readonly warnings: readonly string[]
}

interface BuildTools {
  /** Without a network, whatever Actions may have. */
  readonly sandbox: Sandbox
  readonly registry: string
  /** Ends an installation; what is then answered is nothing to go by. */
  readonly signal: AbortSignal
}

/** How long a text may take to load when it is tried. */
const TRY_MS = 5000

/** Parses, installs, bundles and tries a draft (spec/actions.md §8.5). What is wrong with it is the answer, not an error. */
export async function buildDraft(
  source: DraftSource,
  { sandbox, registry, signal }: BuildTools,
): Promise<Built | { readonly problems: readonly BuildProblem[] }> {
  const scan = await scanCode(source.code)
  if ('problems' in scan) return scan
  const bundled = await withPackages(source, scan.required, { registry, signal })
  if ('problems' in bundled) return bundled
  const tried = await tryOut({ ...source, bundle: bundled.bundle }, sandbox)
  if ('problems' in tried) return tried
  const old = MODERN_RUNTIMES.includes(source.runtime)
    ? []
    : [`The runtime ${source.runtime} is kept as asked; the Action runs with the modules of Node.js 22.`]
  return { ...bundled, warnings: [...old, ...tried.warnings] }
}

type Packages = Omit<Built, 'warnings'> | { readonly problems: readonly BuildProblem[] }

async function withPackages({ dependencies }: DraftSource, required: readonly string[], tools: Omit<BuildTools, 'sandbox'>): Promise<Packages> {
  if (dependencies.length === 0) return { bundle: undefined, dependencies: [], packages: [] }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'evergrant-action-'))
  try {
    const installed = await installPackages(folder, dependencies, tools)
    if ('problems' in installed) return installed
    const bundle = await bundlePackages(folder, dependencies, required)
    return 'problems' in bundle ? bundle : { ...installed, bundle: bundle.code }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What only fails for want of secrets or of a network may well work later. */
async function tryOut({ code, trigger, bundle }: DraftSource & { readonly bundle: string | undefined }, sandbox: Sandbox): Promise<Tried> {
  const program: Program = { id: 'try-out', trigger, code, bundle, secrets: {}, allowedHosts: [] }
  const job = { entrypoint: null, event: {}, context: { refreshTokenMetadata: {}, cache: {}, commands: 0 } }
  const outcome = await sandbox.runOnce(program, job, performance.now() + TRY_MS)
  switch (outcome.kind) {
    case 'unavailable':
      return { problems: [{ id: 'runtime_unavailable', msg: 'The Actions runtime is unavailable.' }] }
    case 'timeout':
      return { warnings: [`The code did not load within ${TRY_MS / 1000} s.`] }
    case 'memory':
      return { problems: [{ id: 'invalid_code', msg: 'The code exceeds its memory limit as it loads.' }] }
    case 'done': {
      const { error } = outcome.report
      if (!error) return { warnings: [] }
      if (error.name === 'SyntaxError' || error.code === 'MODULE_NOT_FOUND')
        return { problems: [{ id: 'invalid_code', msg: describable(`${error.name}: ${error.message}`) }] }
      return { warnings: [describable(`The code throws as it loads: ${error.name}`)] }
    }
  }
}

type Tried = { readonly warnings: readonly string[] } | { readonly problems: readonly BuildProblem[] }
