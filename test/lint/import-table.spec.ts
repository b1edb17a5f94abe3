import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** One planted import: where it stands, what it imports, and the rules that must fire; none for what the table allows. */
type Plant = readonly [file: string, line: string, ...rules: string[]]

const PLANTS: readonly Plant[] = [
  // The line of modules
  ['src/sessions/commands/end-session.ts', `import '../../tokens/index.js'`, 'sessions-keeps-to-the-line'],
  ['src/sessions/commands/run.ts', `import '../../actions/index.js'`, 'sessions-keeps-to-the-line'],
  ['src/actions/commands/deploy.ts', `import '../../sessions/index.js'`, 'actions-keeps-to-the-line'],
  ['src/authorization/commands/redeem-code.ts', `import '../../tokens/index.js'`, 'authorization-keeps-to-the-line'],
  ['src/users/create-user.ts', `import '../sessions/index.js'`, 'users-keeps-to-the-line'],
  ['src/tokens/commands/x.ts', `import '../../management/logs/logs.js'`, 'nobody-imports-management', 'tokens-keeps-to-the-line'],
  ['src/cli/rebuild.ts', `import '../management/logs/logs.js'`, 'nobody-imports-management'],
  ['src/app.module.ts', `import './management/logs/logs.js'`, 'the-app-mounts-management-only'],
  ['src/app.module.ts', `import './management/management.module.js'`],
  ['src/projections.ts', `import './management/logs/logs.js'`, 'the-list-of-read-models-takes-projections'],
  ['src/projections.ts', `import './management/logs/logs.projection.js'`],
  ['src/tokens/grants/authorization-code.ts', `import '../../authorization/index.js'`],
  ['src/authorization/login.ts', `import '../users/index.js'`],
  ['src/tokens/session-ended.reactor.ts', `import '../sessions/index.js'`],

  // Doors
  ['src/management/clients/clients.ts', `import '../../authorization/client/client-row.js'`, 'only-through-the-door'],
  ['src/app.module.ts', `import './tokens/tokens.module.js'`, 'only-through-the-door'],
  ['src/cli/fold.ts', `import '../tokens/refresh-token/policy.js'`, 'only-through-the-door'],
  ['src/app.module.ts', `import './tokens/index.js'`],
  ['src/tokens/grants/client-credentials.ts', `import '../index.js'`, 'the-door-is-for-others'],
  ['src/tokens/token-set.ts', `import '../app.module.js'`, 'nobody-imports-the-app'],
  ['src/users/users.module.ts', `import '../processes/worker.js'`, 'nobody-imports-the-app'],
  ['src/processes/worker.ts', `import '../app.module.js'`],

  // The foundation
  ['src/event-store/sealer.ts', `import '../tokens/index.js'`, 'the-foundation-knows-no-module'],
  ['src/http/html.ts', `import type { X } from '../users/index.js'`, 'the-foundation-knows-no-module'],
  ['src/keys/person-keys.ts', `import '../app.module.js'`, 'the-foundation-knows-no-module'],
  ['src/database/pool.ts', `import '../sessions/index.js'`, 'the-foundation-knows-no-module'],
  ['src/config.ts', `import './actions/index.js'`, 'the-foundation-knows-no-module'],
  ['src/logging.ts', `import './authorization/index.js'`, 'the-foundation-knows-no-module'],
  ['src/keys/root-key.ts', `import '../config.js'`],
  ['src/event-store/event-store.ts', `import '../database/pool.js'`],

  // Aggregates
  ['src/tokens/refresh-token/family.ts', `import '../../config.js'`, 'an-aggregate-reaches-nothing-impure', 'an-aggregate-stands-alone'],
  ['src/tokens/refresh-token/family.ts', `import '@nestjs/common'`, 'an-aggregate-reaches-nothing-impure', 'an-aggregate-stands-alone'],
  ['src/tokens/refresh-token/family.events.ts', `import 'node:crypto'`, 'an-aggregate-reaches-nothing-impure', 'an-aggregate-stands-alone'],
  ['src/tokens/refresh-token/family.events.ts', `import { streamName } from '../../event-store/event.js'`, 'an-aggregate-takes-types-of-the-store'],
  ['src/tokens/refresh-token/family.ts', `import type { Decider } from '../../event-store/event.js'`],
  ['src/tokens/refresh-token/family.ts', `import './policy.js'`],
  ['src/users/user/user.ts', `import { difference } from '../../event-store/difference.js'`],
  ['src/keys/person.events.ts', `import '../config.js'`, 'an-aggregate-reaches-nothing-impure', 'an-aggregate-stands-alone'],
  ['src/keys/person.events.ts', `import type { Upcasters } from '../event-store/event.js'`],

  // Use cases
  ['src/tokens/commands/limit.ts', `import pg from 'pg'`, 'a-use-case-holds-no-sql'],
  ['src/tokens/grants/device-code.ts', `import type { DataSource } from 'typeorm'`, 'a-use-case-holds-no-sql'],
  ['src/actions/commands/bind.ts', `import '../../database/pool.js'`, 'a-use-case-holds-no-sql'],
  ['src/tokens/grants/token-exchange.ts', `import type { Request } from 'express'`, 'a-use-case-knows-no-request'],
  ['src/tokens/grants/token-exchange.ts', `import '../token.controller.js'`, 'a-use-case-knows-no-request'],
  ['src/tokens/grants/token-exchange.ts', `import '../../http/html.js'`, 'a-use-case-answers-oauth-errors-only'],
  ['src/tokens/grants/token-exchange.ts', `import '../../http/oauth-error.js'`],
  ['src/tokens/commands/revoke.ts', `import '../refresh-token/family.js'`],
  ['src/tokens/commands/revoke.ts', `import '../../event-store/event-store.js'`],

  // Controllers and guards
  ['src/tokens/token.controller.ts', `import '../event-store/event-store.js'`, 'a-controller-holds-no-stream'],
  ['src/tokens/client-authentication.guard.ts', `import '../event-store/catch-up.js'`, 'only-management-waits'],
  ['src/tokens/revocation.controller.ts', `import { revoke } from './refresh-token/family.js'`, 'a-controller-decides-nothing'],
  ['src/tokens/token.controller.ts', `import type { Family } from './refresh-token/family.js'`],
  ['src/management/logs/logs.controller.ts', `import 'pg'`, 'a-controller-holds-no-sql'],
  ['src/management/logs/logs.controller.ts', `import '../../event-store/catch-up.js'`],
  ['src/management/logs/logs.controller.ts', `import './logs.projection.js'`],
  ['src/management/logs/logs.controller.ts', `import '../../tokens/index.js'`],

  // Projections and reactors
  ['src/management/logs/logs.projection.ts', `import '../../event-store/event-store.js'`, 'a-projection-follows-events'],
  ['src/management/logs/logs.projection.ts', `import './log-entries.js'`],
  ['src/management/logs/log-entries.ts', `import '../../event-store/event-store.js'`, 'a-projection-follows-events'],
  ['src/tokens/refresh-token/refresh-tokens.projection.ts', `import '../commands/revoke.js'`, 'a-projection-follows-events'],
  ['src/tokens/refresh-token/refresh-tokens.projection.ts', `import './family.js'`],
  ['src/management/clients/clients.projection.ts', `import '../sessions/sessions.projection.js'`, 'a-projection-reads-no-other'],
  ['src/management/clients/clients.projection.ts', `import '../../event-store/projection.js'`],
  ['src/management/clients/clients.projection.ts', `import type { ClientEvent } from '../../authorization/index.js'`],
  ['src/tokens/refresh-token/refresh-tokens.projection.ts', `import './family.events.js'`],
  ['src/tokens/session-ended.reactor.ts', `import 'pg'`, 'a-reactor-gives-commands'],
  ['src/tokens/session-ended.reactor.ts', `import './refresh-token/refresh-tokens.projection.js'`, 'a-reactor-gives-commands'],
  ['src/tokens/session-ended.reactor.ts', `import './refresh-token/family.js'`, 'a-reactor-gives-commands'],
  ['src/tokens/session-ended.reactor.ts', `import './commands/revoke.js'`],
  ['src/tokens/session-ended.reactor.ts', `import './refresh-token/family.events.js'`],

  // Pages
  ['src/authorization/pages/login.ts', `import 'pg'`, 'a-page-shows'],
  ['src/authorization/pages/login.ts', `import '../login.js'`, 'a-page-knows-types-only'],
  ['src/authorization/pages/login.ts', `import type { LoginView } from '../authorize-request.js'`],
  ['src/authorization/pages/login.ts', `import './layout.js'`],
  ['src/authorization/pages/login.ts', `import '../../http/html.js'`],

  // What stands outside
  ['dashboard/src/api.ts', `import type { Row } from '../../src/tokens/index.js'`, 'the-dashboard-is-a-customer'],
  ['migrations/1-first.ts', `import '../src/config.js'`, 'a-migration-stands-alone'],
  ['src/users/import-users.ts', `import '../../test/support/people.js'`, 'tests-stay-outside'],
  ['src/tokens/queries/find.ts', `import '../../event-store/testing.js'`, 'tests-stay-outside'],
  ['src/logging.ts', `import 'fast-check'`, 'what-ships-is-a-dependency'],
  ['src/http/server.ts', `import type { Server } from 'fast-check'`],
]

describe('the import table', () => {
  let report: Report

  beforeAll(async () => {
    const root = mkdtempSync(path.join(os.tmpdir(), 'evergrant-imports-'))
    try {
      plant(root)
      report = await cruise(root)
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  })

  test.each(PLANTS.filter(([, , rule]) => rule))('%s may not: %s', (file, line, ...rules) => {
    expect(rulesFor(file, line)).toEqual(rules)
  })

  test.each(PLANTS.filter(([, , rule]) => !rule))('%s may: %s', (file, line) => {
    expect(rulesFor(file, line)).toEqual([])
  })

  test('files may not import each other in a loop', () => {
    expect(rulesFor('src/sessions/chicken.ts', `import './egg.js'`)).toEqual(['no-import-loops'])
  })

  test('an aggregate may not reach randomness through its neighbour', () => {
    expect(report.found).toContain('src/tokens/refresh-token/family.ts crypto an-aggregate-reaches-nothing-impure')
  })

  test('every rule fires on some plant', () => {
    const planted = PLANTS.flatMap(([, , ...expected]) => expected)
    expect([...new Set(report.rules)].sort()).toEqual([...new Set([...planted, 'no-import-loops'])].sort())
  })

  function rulesFor(file: string, line: string): string[] {
    const prefix = `${file} ${target(file, line)} `
    return report.found
      .filter((finding) => finding.startsWith(prefix))
      .map((finding) => finding.slice(prefix.length))
      .sort()
  }
})

const PACKAGES = ['pg', 'typeorm', 'express', 'fast-check', '@nestjs/common']
const specifier = (line: string): string => /'(.+)'/.exec(line)![1]!

/** The imported file or package as the cruiser names it. */
function target(file: string, line: string): string {
  const name = specifier(line)
  if (name.startsWith('node:')) return name.slice('node:'.length)
  if (PACKAGES.includes(name)) return `node_modules/${name}/index.js`
  return path.posix.join(path.posix.dirname(file), name).replace(/\.js$/, '.ts')
}

/** A project with the planted imports, and every file and package that they name. */
function plant(root: string): void {
  const files = new Map<string, string>([
    ['src/sessions/chicken.ts', `import './egg.js'`],
    ['src/sessions/egg.ts', `import './chicken.js'`],
    ['src/tokens/refresh-token/policy.ts', `import 'node:crypto'`],
    // What makes an aggregate of the file beside it.
    ['src/users/user/user.events.ts', ''],
    ['src/tokens/refresh-token/family.events.ts', ''],
  ])
  for (const name of PACKAGES) {
    files.set(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }))
    files.set(`node_modules/${name}/index.js`, '')
  }
  files.set(
    'package.json',
    JSON.stringify({ name: 'planted', dependencies: { pg: '1', typeorm: '1', express: '1', '@nestjs/common': '1' }, devDependencies: { 'fast-check': '1' } }),
  )
  for (const [file, line] of PLANTS) files.set(file, `${files.get(file) ?? ''}${line}\n`)
  for (const [file, line] of PLANTS) {
    const imported = target(file, line)
    if (imported.endsWith('.ts') && !files.has(imported)) files.set(imported, 'export {}\n')
  }
  for (const [file, text] of files) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    writeFileSync(path.join(root, file), text)
  }
}

interface Report {
  /** All of the configuration. */
  readonly rules: readonly string[]
  /** As "file target rule". */
  readonly found: readonly string[]
}

async function cruise(root: string): Promise<Report> {
  const project = path.resolve(import.meta.dirname, '../..')
  const args = [
    path.join(project, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
    ...['--config', path.join(project, '.dependency-cruiser.cjs'), '--output-type', 'json', 'src', 'migrations', 'dashboard'],
  ]
  const output = await new Promise<string>((resolve) => {
    // The cruiser's exit code is the number of its findings.
    execFile(process.execPath, args, { cwd: root, maxBuffer: 1 << 26 }, (_error, stdout) => resolve(stdout))
  })
  const { summary } = JSON.parse(output) as CruiserOutput
  return {
    rules: summary.ruleSetUsed.forbidden.map(({ name }) => name),
    found: [...new Set(summary.violations.map(({ from, to, rule }) => `${from} ${to} ${rule.name}`))],
  }
}

interface CruiserOutput {
  summary: {
    ruleSetUsed: { forbidden: { name: string }[] }
    violations: { from: string; to: string; rule: { name: string } }[]
  }
}
