import { realpathSync } from 'node:fs'
import path from 'node:path'
import { build, type Message } from 'esbuild'
import type { BuildProblem, Dependency } from '../action/action.events.js'
import { asProblem } from './scan-code.js'

/** spec/actions.md §6.3. */
const MAX_BUNDLE_BYTES = 10_000_000

/**
 * One CommonJS text of the installed packages, which exports a function for each name that the Action may require: each dependency, and the parts
 * of one that the Action names. It holds nothing from outside the folder, whatever a package asks for.
 */
export async function bundlePackages(
  folder: string,
  dependencies: readonly Dependency[],
  required: readonly string[],
): Promise<{ readonly code: string } | { readonly problems: readonly BuildProblem[] }> {
  const names = dependencies.map(({ name }) => name)
  const parts = required.filter((specifier) => names.some((name) => specifier.startsWith(`${name}/`)))
  const entry = `module.exports = {${[...names, ...parts].map((name) => `${JSON.stringify(name)}: () => require(${JSON.stringify(name)})`).join(', ')}}`
  try {
    const { outputFiles, metafile } = await build({
      stdin: { contents: entry, loader: 'js', sourcefile: 'dependencies.js', resolveDir: folder },
      absWorkingDir: folder,
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'cjs',
      target: 'node22',
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'silent',
      tsconfigRaw: {},
    })
    const root = realpathSync(folder)
    const outside = Object.keys(metafile.inputs).find((input) => input !== 'dependencies.js' && !isInside(root, path.resolve(folder, input)))
    if (outside !== undefined) return { problems: [{ id: 'dependencies_failed', msg: 'A dependency asks for a file outside of its package.' }] }
    const [file] = outputFiles
    if (file!.contents.length > MAX_BUNDLE_BYTES) {
      return { problems: [{ id: 'bundle_too_large', msg: `The dependencies have ${file!.contents.length} bytes together, maximum ${MAX_BUNDLE_BYTES}.` }] }
    }
    return { code: file!.text }
  } catch (error) {
    const { errors } = error as { errors?: Message[] }
    if (!errors) throw error
    return { problems: errors.slice(0, 5).map(compilationFailed) }
  }
}

function isInside(root: string, file: string): boolean {
  try {
    return realpathSync(file).startsWith(root + path.sep)
  } catch {
    // Not a file: what esbuild made up itself, such as for a module that is switched off.
    return /^\(|:/.test(path.basename(file)) || file.startsWith(root + path.sep)
  }
}

const compilationFailed = (message: Message): BuildProblem => {
  const { msg } = asProblem(message)
  return { id: 'dependencies_failed', msg: /\.node"/.test(msg) ? `Compilation failed: native add-ons are not supported: ${msg}` : `Compilation failed: ${msg}` }
}
