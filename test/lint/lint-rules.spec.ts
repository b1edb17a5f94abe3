import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'

/** Code that would stand in a file, and the rules of our own that must object; none where it is allowed. */
type Snippet = readonly [file: string, code: string, ...rules: string[]]

const SNIPPETS: readonly Snippet[] = [
  ['src/tokens/token-set.ts', `export const port = process.env['PORT']`, 'no-restricted-properties'],
  ['src/tokens/token-set.ts', `import { env } from 'node:process'\nexport { env }`, 'no-restricted-imports'],
  ['src/config.ts', `export const port = process.env['PORT']`],
  ['test/e2e/start.spec.ts', `export const port = process.env['PORT']`],
  ['src/tokens/token-set.ts', `console.log('hello')`, 'no-console'],
  ['src/cli/verify.ts', `console.log('hello')`],
  ['src/tokens/refresh-token/family.ts', `export const now = new Date()`, 'no-restricted-syntax'],
  ['src/tokens/refresh-token/family.ts', `export const now = Date.now()`, 'no-restricted-syntax'],
  ['src/tokens/refresh-token/family.ts', `export const luck = Math.random()`, 'no-restricted-syntax'],
  ['src/tokens/refresh-token/family.ts', `export const id = crypto.randomUUID()`, 'no-restricted-syntax'],
  ['src/tokens/refresh-token/family.ts', `export const later = (now: Date): Date => new Date(now.getTime() + 1)`],
  [
    'src/tokens/token-set.ts',
    `import { Injectable } from '@nestjs/common'\nimport pg from 'pg'\n@Injectable()\nexport class A {\n  constructor(readonly pool: pg.Pool) {}\n}`,
    'no-restricted-syntax',
  ],
  [
    'src/tokens/token-set.ts',
    `import { Inject, Injectable } from '@nestjs/common'\nimport pg from 'pg'\n@Injectable()\nexport class A {\n  constructor(@Inject(pg.Pool) readonly pool: pg.Pool) {}\n}`,
  ],
  ['src/tokens/token-set.ts', `import type pg from 'pg'\nexport class A {\n  constructor(readonly pool: pg.Pool) {}\n}`],
  ['src/event-store/hashes.spec.ts', `test.only('x', () => undefined)`, 'no-restricted-syntax'],
  ['test/e2e/start.spec.ts', `describe.skip('x', () => undefined)`, 'no-restricted-syntax'],
  ['test/e2e/start.spec.ts', `test.skip.each([1])('x', () => undefined)`, 'no-restricted-syntax'],
  ['test/e2e/start.spec.ts', `export const asRoot = process.getuid?.() === 0 ? test : test.skip`],
  ['test/e2e/start.spec.ts', `it.todo('x')`, 'no-restricted-syntax'],
  ['test/e2e/start.spec.ts', `xit('x', () => undefined)`, 'no-restricted-syntax'],
  ['test/e2e/start.spec.ts', `test.each([1])('x', () => undefined)`],
  ['test/e2e/start.spec.ts', `setTimeout(() => undefined, 10)`, 'no-restricted-syntax'],
  ['test/e2e/start.spec.ts', `globalThis.setTimeout(() => undefined, 10)`, 'no-restricted-syntax'],
  ['test/e2e/start.spec.ts', `import { setTimeout as x } from 'node:timers/promises'\nexport { x }`, 'no-restricted-syntax'],
  ['test/e2e/start.spec.ts', `import { jest } from '@jest/globals'\njest.setTimeout(10)`],
  ['test/support/app.ts', `setTimeout(() => undefined, 10)`, 'no-restricted-syntax'],
  ['test/support/eventually.ts', `setTimeout(() => undefined, 10)`],
  ['test/support/eventually.ts', `it.only('x', () => undefined)`, 'no-restricted-syntax'],
]

describe('the rules of our own', () => {
  let found: readonly string[][]

  beforeAll(async () => {
    found = await lint(SNIPPETS)
  })

  test.each(SNIPPETS.map(([file, code, ...rules], index) => [file, code, rules, index] as const))('%s: %s', (_file, _code, rules, index) => {
    expect(found[index]).toEqual(rules)
  })
})

/** Lints as the project does, but for the rules that need types: those need files that exist. */
const LINTER = `
  import { ESLint } from 'eslint'
  import tseslint from 'typescript-eslint'
  const parserOptions = { projectService: false, emitDecoratorMetadata: true, experimentalDecorators: true }
  const eslint = new ESLint({ overrideConfig: [{ files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked, languageOptions: { parserOptions } }] })
  const found = []
  for (const [filePath, code] of JSON.parse(process.argv[1])) {
    const [{ messages }] = await eslint.lintText(code + '\\n', { filePath })
    found.push(messages.map(({ ruleId, message }) => ruleId ?? message))
  }
  console.log(JSON.stringify(found))`

async function lint(snippets: readonly Snippet[]): Promise<string[][]> {
  const args = ['--input-type=module', '--eval', LINTER, JSON.stringify(snippets)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: path.resolve(import.meta.dirname, '../..') })
  return JSON.parse(stdout) as string[][]
}
