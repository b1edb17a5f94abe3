import { readdirSync } from 'node:fs'
import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const TESTS = ['test/**/*.ts', 'src/**/*.spec.ts']
/** Aggregates, as in .dependency-cruiser.cjs: `x.ts` beside `x.events.ts`, a folder deep in a module. */
const DECISIONS = readdirSync('src', { recursive: true })
  .map((file) => `src/${file.replaceAll('\\', '/')}`)
  .filter((file) => /^src\/(?!keys\/)[^/]+\/[^/]+\/.*\.events\.ts$/.test(file))
  .map((file) => file.replace('.events.ts', '.ts'))

const UNUSED = ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_', varsIgnorePattern: '^_' }]

const ONE_READER = 'config.ts reads the environment, so that the list of settings is one file.'
const ENVIRONMENT = {
  property: { object: 'process', property: 'env', message: ONE_READER },
  import: { name: 'node:process', importNames: ['env'], message: ONE_READER },
}

const IMPURE = [
  ['NewExpression[callee.name="Date"][arguments.length=0]', 'Time comes in as an argument.'],
  ['CallExpression[callee.object.name=/^(Date|performance)$/][callee.property.name="now"]', 'Time comes in as an argument.'],
  ['CallExpression[callee.object.name="Math"][callee.property.name="random"]', 'Random values come in as arguments.'],
  ['MemberExpression[object.name=/^(crypto|process)$/]', 'Random values and settings come in as arguments.'],
]
const UNSEEN = [
  [
    'ClassDeclaration[decorators.length>0] MethodDefinition[kind="constructor"] TSParameterProperty[decorators.length=0] > Identifier TSQualifiedName',
    'tsc writes down no class for a type with a dot, so Nest finds nothing to inject: name it, @Inject(pg.Pool).',
  ],
]
const LEFT_OUT = [
  // On a condition of the machine (`isRoot ? test : test.skip`) a test may be left out.
  [
    ':not(ConditionalExpression) > MemberExpression[object.name=/^(describe|it|test)$/][property.name=/^(only|skip|todo|failing)$/]',
    'A test that does not run, or keeps others from running, tells nothing.',
  ],
  ['CallExpression[callee.name=/^(fdescribe|fit|xdescribe|xit|xtest)$/]', 'A test that does not run, or keeps others from running, tells nothing.'],
]
const PAUSES = [
  ['CallExpression[callee.name=/^(setTimeout|sleep|delay|pause)$/]', 'Wait for what should happen (test/support/eventually.ts), not for time to pass.'],
  [
    'CallExpression[callee.object.name!="jest"][callee.property.name="setTimeout"]',
    'Wait for what should happen (test/support/eventually.ts), not for time to pass.',
  ],
  ['ImportDeclaration[source.value=/^(node:)?timers(.promises)?$/]', 'Wait for what should happen (test/support/eventually.ts), not for time to pass.'],
]
const restricted = (...lists) => ['error', ...lists.flat().map(([selector, message]) => ({ selector, message }))]

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', '.data/', 'dashboard/dist/', 'test/support/sample-actions/']),
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { globals: { Buffer: 'readonly', console: 'readonly', process: 'readonly', setTimeout: 'readonly', URL: 'readonly' } },
    rules: { eqeqeq: 'error', 'no-eval': 'error', 'no-unused-vars': UNUSED, 'object-shorthand': 'error', 'prefer-const': 'error' },
  },
  { files: ['**/*.cjs'], languageOptions: { globals: { module: 'readonly', require: 'readonly' } } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { allowDefaultCaseForExhaustiveSwitch: false, considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      // Leaves files with decorators alone: Nest finds a constructor's classes through the values imported.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      'no-unused-vars': 'off',
      '@typescript-eslint/no-unused-vars': UNUSED,
      // Callbacks that the store or a runner calls are async by their type, whether they wait or not.
      '@typescript-eslint/require-await': 'off',
      // Iterators and parsers answer any; using one (call, member, argument, return) is what the other rules forbid.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // Deciders, projections and test doubles are plain objects of functions, made to be taken apart.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
    },
  },
  {
    files: ['src/**/*.ts', 'migrations/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': ['error', ENVIRONMENT.property],
      'no-restricted-imports': ['error', ENVIRONMENT.import],
      'no-restricted-syntax': restricted(UNSEEN),
    },
  },
  { files: ['src/config.ts'], rules: { 'no-restricted-properties': 'off' } },
  // What an operator's command finds goes to the terminal.
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  { files: DECISIONS.length > 0 ? DECISIONS : ['src/none'], rules: { 'no-restricted-syntax': restricted(IMPURE) } },
  {
    files: TESTS,
    rules: {
      'no-restricted-syntax': restricted(LEFT_OUT, PAUSES),
      // Rows, bodies and jest's matchers are any; what they are is what the test asserts.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  // The one place where tests may look again after a pause.
  { files: ['test/support/eventually.ts'], rules: { 'no-restricted-syntax': restricted(LEFT_OUT) } },
)
