import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const CLI = path.resolve('node_modules/auth0-deploy-cli/lib/index.js')
const SWIFT = path.resolve('test/support/swift-deploy-cli.mjs')

export interface Target {
  readonly domain: string
  readonly clientId: string
  readonly clientSecret: string
  /** File of the authority that the service's certificate is from. */
  readonly authority: string
}

/** What a run of the tool said, and how it ended. */
export interface CliRun {
  readonly code: number
  readonly output: string
}

/** The npm package `auth0-deploy-cli` in a process of its own, against one service; without its waits (swift-deploy-cli.mjs). */
export class DeployCli {
  constructor(private readonly target: Target) {}

  /** Writes the tenant into a folder. */
  export(folder: string): Promise<CliRun> {
    return this.#run(['export', '--format=directory', `--output_folder=${folder}`])
  }

  /** Brings the tenant to what the folder says. */
  import(folder: string): Promise<CliRun> {
    return this.#run(['import', `--input_file=${folder}`])
  }

  #run(args: readonly string[]): Promise<CliRun> {
    const { domain, clientId, clientSecret, authority } = this.target
    const env = {
      PATH: process.env['PATH'],
      NODE_EXTRA_CA_CERTS: authority,
      AUTH0_DOMAIN: domain,
      AUTH0_CLIENT_ID: clientId,
      AUTH0_CLIENT_SECRET: clientSecret,
    }
    return new Promise((resolve) => {
      execFile(process.execPath, ['--import', SWIFT, CLI, ...args], { env, maxBuffer: 64 * 1_048_576 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? -1) : 0, output: stdout + stderr }),
      )
    })
  }
}

/** All files below a folder with their texts, by their paths. */
export function filesOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const texts = files.map((entry) => {
    const file = path.join(entry.parentPath, entry.name)
    return [path.relative(folder, file), readFileSync(file, 'utf8')] as const
  })
  return Object.fromEntries(texts.sort(([a], [b]) => (a < b ? -1 : 1)))
}
