import 'reflect-metadata'
import { ConfigError, loadConfig, type StartConfig } from './config.js'

function configured(): StartConfig {
  try {
    return loadConfig()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

const config = configured()
// Each process loads its own part only: the primary needs neither Nest nor the modules.
if (config.part === 'primary') await (await import('./processes/primary.js')).runPrimary(config)
else await (await import('./processes/worker.js')).runWorker(config)
