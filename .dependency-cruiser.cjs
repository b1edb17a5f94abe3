const { readdirSync } = require('node:fs')
const path = require('node:path')

/*
 * Who may import what: the house style's table, a rule for each of its lines; test/lint/ shows that each fires.
 * Beside that table stand two folders of this project: src/database/ (pool, migrate, embedded PostgreSQL), a part of the foundation,
 * and src/tokens/refresh-token/refresh-tokens.projection.ts, which lies in Tokens because Tokens itself reads it.
 */

/** From the top of the line to its bottom: a module may ask those after it, except sessions and actions each other. */
const LINE = ['management', 'tokens', 'authorization', 'sessions', 'actions', 'users']
const MODULE = `^src/(?:${LINE.join('|')})/`
const FOUNDATION = '^src/(?:(?:event-store|http|keys|database)/|(?:config|config-values|generated-secrets|logging|metadata|random-text|redact|secret-names|tracing)\\.ts$)'
const DOOR = '^src/[^/]+/index\\.ts$'

const USE_CASE = '^src/.*/(?:grants|commands)/'
const EDGE = `${MODULE}.*\\.(?:controller|guard)\\.ts$`
const PAGE = '^src/.*/pages/'
const PROJECTION = '\\.projection\\.ts$'
/** The table of the log's projection and what it is written with: parts of it, apart for their size. */
const LOG_TABLE = '^src/management/logs/(?:log-entries|log-entry|token-entries|login-entries|log-codes|user-agent)\\.ts$'
const REACTOR = '\\.reactor\\.ts$'
const EVENT_TYPES = '^src/event-store/event\\.ts$'
/** Pure, and compares values with node:util. */
const DIFFERENCE = '^src/event-store/difference\\.ts$'

const NOTHING = '(?!)'

const packages = (...names) => `^(?:node_modules/)?(?:@types/)?(?:${names.join('|')})(?:/|$)`
const SQL = [packages('pg', 'typeorm', '@nestjs/typeorm'), '^src/database/']
const REQUEST = [packages('express', '@nestjs/platform-express'), EDGE, '\\.dto\\.ts$', '(?:^|/)pages/']

/** In a module, `x.ts` beside `x.events.ts` is an aggregate; what else its folder holds is only near it. Event files are bound alike everywhere. */
const EVENT_FILES = readdirSync('src', { recursive: true })
  .map((file) => `src/${file.split(path.sep).join('/')}`)
  .filter((file) => file.endsWith('.events.ts'))
const exactly = (file) => `^${file.replaceAll('.', '\\.')}$`
const DECISIONS = EVENT_FILES.filter((file) => /^src\/(?!keys\/)[^/]+\/[^/]+\//.test(file)).map((file) => file.replace('.events.ts', '.ts'))
const AGGREGATES = [...EVENT_FILES, ...DECISIONS].map((file) => ({ file: exactly(file), folder: `${exactly(path.posix.dirname(file)).slice(0, -1)}/[^/]+$` }))

const rule = (name, comment, from, to) => ({
  name,
  comment,
  severity: 'error',
  from: typeof from === 'string' || Array.isArray(from) ? { path: from } : from,
  to: typeof to === 'string' || Array.isArray(to) ? { path: to } : to,
})
/** A type is erased: importing it gives knowledge of a shape, not the power to act. */
const values = (to) => ({ ...to, dependencyTypesNot: ['type-only'] })

module.exports = {
  forbidden: [
    rule('no-import-loops', 'Each file must be readable alone, and decorated classes in a loop fail at load.', {}, { circular: true }),

    // The line of modules and its doors
    ...LINE.slice(1).map((module, place) =>
      rule(
        `${module}-keeps-to-the-line`,
        'Commands and queries go down the line management → tokens → authorization → sessions, actions → users; events come up.',
        `^src/${module}/`,
        `^src/(?:${[...LINE.slice(0, place + 1), ...(module === 'sessions' ? ['actions'] : [])].join('|')})/`,
      ),
    ),
    rule(
      'nobody-imports-management',
      'It is the top of the line and has no door; the app alone mounts its module, and its read models are in the list of all.',
      { pathNot: ['^src/management/', '^src/app\\.module\\.ts$', '^src/projections\\.ts$'] },
      '^src/management/',
    ),
    rule('the-app-mounts-management-only', 'The app needs its module and nothing else of it.', '^src/app\\.module\\.ts$', {
      path: '^src/management/',
      pathNot: '^src/management/management\\.module\\.ts$',
    }),
    rule('the-list-of-read-models-takes-projections', 'It needs nothing else of Management.', '^src/projections\\.ts$', {
      path: '^src/management/',
      pathNot: PROJECTION,
    }),
    rule('only-through-the-door', "Other modules, the app and the command line import a module's index.ts only.", '^src/([^/]+)', {
      path: `^src/(?:${LINE.slice(1).join('|')})/`,
      pathNot: ['^src/$1/', DOOR],
    }),
    rule('the-door-is-for-others', 'A file of the module that imports its own index.ts makes a loop.', '^src/([^/]+)/', '^src/$1/index\\.ts$'),
    rule(
      'the-foundation-knows-no-module',
      'event-store, http, keys, database, config, logging and tracing serve every module, so they know none.',
      FOUNDATION,
      {
        path: '^src/',
        pathNot: FOUNDATION,
      },
    ),
    rule('nobody-imports-the-app', 'What puts the app together stands above all modules.', MODULE, {
      path: '^src/(?:(?:bootstrap|cli|processes)/|[^/]+\\.ts$)',
      pathNot: FOUNDATION,
    }),

    // The kinds of files
    ...AGGREGATES.map(({ file, folder }) =>
      rule('an-aggregate-stands-alone', 'A decision is a function of what it is given: no framework, database, clock, randomness or settings.', file, {
        pathNot: [folder, EVENT_TYPES, DIFFERENCE],
      }),
    ),
    ...AGGREGATES.map(({ file, folder }) =>
      rule('an-aggregate-takes-types-of-the-store', 'Of the event store it takes types only.', file, values({ path: EVENT_TYPES, pathNot: folder })),
    ),
    ...AGGREGATES.map(({ file, folder }) =>
      rule('an-aggregate-reaches-nothing-impure', 'Nor may a neighbour in its folder bring them in.', file, {
        reachable: true,
        pathNot: [folder, EVENT_TYPES, DIFFERENCE, '^util$'],
      }),
    ),
    rule('a-use-case-holds-no-sql', 'Grants and commands change streams; tables have one writer each.', USE_CASE, {
      path: SQL,
      pathNot: '^src/database/errors\\.ts$',
    }),
    rule('a-use-case-knows-no-request', 'Grants and commands get typed values; requests and responses end at the controller.', USE_CASE, REQUEST),
    rule('a-use-case-answers-oauth-errors-only', 'Of http/ it needs the error to throw.', USE_CASE, {
      path: '^src/http/',
      pathNot: '^src/http/oauth-error\\.ts$',
    }),
    rule('a-controller-holds-no-stream', 'Controllers and guards send commands and queries; in Management they also wait for their projection.', EDGE, {
      path: '^src/event-store/',
      pathNot: [EVENT_TYPES, '^src/event-store/catch-up\\.ts$'],
    }),
    rule(
      'only-management-waits',
      'A list that must be current is an operator’s; the others read streams.',
      { path: EDGE, pathNot: '^src/management/' },
      '^src/event-store/catch-up\\.ts$',
    ),
    rule(
      'a-controller-decides-nothing',
      'Decisions are taken by the aggregate, in a command.',
      EDGE,
      values({ path: DECISIONS.length > 0 ? DECISIONS.map(exactly) : NOTHING }),
    ),
    rule('a-controller-holds-no-sql', 'Read functions and query handlers hold the SQL.', EDGE, SQL),
    rule(
      'a-projection-follows-events',
      'It knows events, how they fold, and its table: it orders nothing, decides nothing and asks nobody.',
      [PROJECTION, LOG_TABLE],
      {
        path: '^src/',
        pathNot: ['\\.events\\.ts$', ...DECISIONS.map(exactly), DOOR, '^src/event-store/(?:event|projection)\\.ts$', PROJECTION, LOG_TABLE],
      },
    ),
    rule('a-projection-reads-no-other', 'Read models are rebuilt one by one, so none may need another.', PROJECTION, PROJECTION),
    rule('a-reactor-gives-commands', 'It knows event types and own commands; never tables.', REACTOR, {
      path: ['^src/', ...SQL],
      pathNot: ['\\.events\\.ts$', DOOR, '^src/event-store/(?:event|projection)\\.ts$', '^src/.*/commands/'],
    }),
    rule('a-page-shows', 'A page is a function from its view to HTML.', PAGE, { pathNot: [PAGE, '^src/http/html\\.ts$', '^src/[^/]+/'] }),
    rule(
      'a-page-knows-types-only',
      'The type of its view is all that it needs of the rest.',
      PAGE,
      values({ path: '^src/', pathNot: [PAGE, '^src/http/html\\.ts$'] }),
    ),

    // What stands outside
    rule('the-dashboard-is-a-customer', 'It talks to /api/v2 like any other.', '^dashboard/', '^(?:src|migrations)/'),
    rule('a-migration-stands-alone', 'Once released it must do for ever what it did.', '^migrations/', { path: '^src/' }),
    rule('tests-stay-outside', 'What ships imports nothing of the tests.', { path: '^(?:src|migrations)/' }, '^test/|^src/.+/testing\\.ts$'),
    rule(
      'what-ships-is-a-dependency',
      'The image is built without devDependencies.',
      '^(?:src|migrations)/',
      values({ dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] }),
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Tests may import what they test.
    exclude: { path: '\\.spec\\.ts$' },
    moduleSystems: ['es6'],
    tsPreCompilationDeps: true,
    combinedDependencies: false,
  },
}
