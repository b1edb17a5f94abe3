import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { transformSync } from '@swc/core'

const root = new URL('../../../', import.meta.url)
const tests = new URL('test/', root).href
const { $schema, ...swc } = JSON.parse(readFileSync(new URL('.swcrc', root), 'utf8'))
const INSTEAD = {
  '@jest/globals': new URL('jest-globals.mjs', import.meta.url).href,
  '@node-rs/argon2': new URL('../argon2.mjs', import.meta.url).href,
}

export async function resolve(specifier, context, next) {
  if (!context.parentURL?.includes('.ts')) return next(specifier, context)
  const { url, ...found } = await next(INSTEAD[specifier] ?? specifier.replace(/^(\.{1,2}\/.*)\.js$/, '$1.ts'), context)
  const file = new URL(context.parentURL).search
  return { ...found, url: url.startsWith(tests) && /(\.ts|jest-globals\.mjs)$/.test(url) ? url + file : url }
}

export async function load(url, context, next) {
  const { pathname } = new URL(url)
  if (!pathname.endsWith('.ts')) return next(url, context)
  const filename = fileURLToPath(new URL(pathname, url))
  const { code } = transformSync(readFileSync(filename, 'utf8'), { ...swc, swcrc: false, filename, sourceMaps: 'inline' })
  return { format: 'module', source: code, shortCircuit: true }
}
