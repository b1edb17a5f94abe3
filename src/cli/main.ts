import { CANNOT_RUN, type Command, FINE, UsageError } from './command.js'

/** Only the one that is asked for is loaded: some know every module of the service, which takes a second. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  verify: async () => (await import('./verify.js')).verify,
  export: async () => (await import('./export.js')).exportLog,
  fold: async () => (await import('./fold.js')).fold,
  rebuild: async () => (await import('./rebuild.js')).rebuild,
  rekey: async () => (await import('./rekey.js')).rekey,
}

/** Runs `evergrant <command> [options]`; answers the exit code. */
async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const list = await Promise.all(Object.entries(commands).map(async ([command, load]) => `  ${command.padEnd(8)} ${(await load()).summary}\n`))
    process.stdout.write(
      `Usage: evergrant <command> [options]\n\n${list.join('')}\nevergrant <command> --help tells more. Exit codes: 0 fine, 1 something is wrong, 2 could not run.\n`,
    )
    return name === undefined ? CANNOT_RUN : FINE
  }
  const command = Object.hasOwn(commands, name) ? await commands[name]!() : undefined
  if (!command) return refuse(`there is no command ${name}; evergrant --help lists them`)
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(command.help)
    return FINE
  }
  try {
    return await command.run(args)
  } catch (error) {
    return refuse(`${name}: ${oneLine(error)}${error instanceof UsageError ? `; evergrant ${name} --help tells more` : ''}`)
  }
}

function refuse(reason: string): number {
  process.stderr.write(`evergrant: ${reason}\n`)
  return CANNOT_RUN
}

/** Several failed connection attempts come as one AggregateError without a message. */
function oneLine(error: unknown): string {
  const { message, errors } = error as { message?: string; errors?: Error[] }
  return (message || errors?.map((each) => each.message).join('; ') || String(error)).replace(/\s*\n\s*/g, ' ')
}

// Whoever reads the output may stop early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(FINE)
})
process.exitCode = await main(process.argv.slice(2))
