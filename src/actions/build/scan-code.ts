import { build, type Message } from 'esbuild'
import type { BuildProblem } from '../action/action.events.js'

/** spec/actions.md §6.3. */
const MAX_CODE_BYTES = 100_000

/** Why the text cannot be an Action, or the names that it requires, as far as they are written out. */
export type Scan = { readonly problems: readonly BuildProblem[] } | { readonly required: readonly string[] }

/** Parses an Action's text without looking at anything else. It must be CommonJS. */
export async function scanCode(code: string): Promise<Scan> {
  const bytes = Buffer.byteLength(code)
  if (bytes > MAX_CODE_BYTES) return { problems: [{ id: 'code_too_large', msg: `The code has ${bytes} bytes, maximum ${MAX_CODE_BYTES}.` }] }
  const required = new Set<string>()
  try {
    const { metafile } = await build({
      stdin: { contents: code, loader: 'js', sourcefile: 'action.js' },
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'cjs',
      target: 'esnext',
      logLevel: 'silent',
      tsconfigRaw: {},
      plugins: [
        {
          name: 'leave-all-outside',
          setup: ({ onResolve }) =>
            onResolve({ filter: /.*/ }, ({ path, kind }) => {
              if (kind === 'entry-point') return undefined
              required.add(path)
              return { path, external: true }
            }),
        },
      ],
    })
    // Beside exports.… an import leaves the format at cjs, and Node would still refuse it.
    if (Object.values(metafile.inputs).some(({ format, imports }) => format === 'esm' || imports.some(({ kind }) => kind === 'import-statement'))) {
      return { problems: [{ id: 'invalid_code', msg: 'The code uses import or export; an Action is a CommonJS module, with require and exports.' }] }
    }
    return { required: [...required] }
  } catch (error) {
    const { errors } = error as { errors?: Message[] }
    if (!errors) throw error
    return { problems: errors.slice(0, 5).map(asProblem) }
  }
}

export const asProblem = ({ text, location }: Message): BuildProblem => ({
  id: 'invalid_code',
  msg: location ? `${text} (${location.file.replace(/^.*node_modules\//, '')}:${location.line}:${location.column + 1})` : text,
})
