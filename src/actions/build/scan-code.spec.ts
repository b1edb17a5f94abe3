import { scanCode } from './scan-code.js'

const NO_MODULE = { problems: [{ id: 'invalid_code', msg: 'The code uses import or export; an Action is a CommonJS module, with require and exports.' }] }

describe('an Action’s text', () => {
  it.each([
    `import fs from 'fs'`,
    `import fs from 'fs'; exports.onExecutePostLogin = async () => {}`,
    `import 'fs'; exports.a = 1`,
    `exports.a = 1; export const b = 1`,
  ])('is no ES module: %s', async (code) => expect(await scanCode(code)).toEqual(NO_MODULE))

  it('tells what it requires, and may import as it runs', async () => {
    expect(await scanCode(`const a = require('a'); exports.f = async () => [await import('b'), require('c/d')]`)).toEqual({ required: ['a', 'b', 'c/d'] })
  })

  it('is at most 100 kB, counted in bytes', async () => {
    expect(await scanCode('x'.repeat(100_000))).toEqual({ required: [] })
    expect(await scanCode('//' + 'é'.repeat(50_000))).toMatchObject({ problems: [{ id: 'code_too_large' }] })
  })
})
