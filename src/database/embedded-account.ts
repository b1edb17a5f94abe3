import { execFile } from 'node:child_process'
import { chown, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Binaries, EmbeddedPostgresError } from './embedded-binaries.js'

const run = promisify(execFile)

/** Who runs the server's programs: an account to switch to, or words to put before the command. */
export interface Runner {
  readonly uid?: number
  readonly gid?: number
  readonly prefix: readonly string[]
}

const AS_ITSELF: Runner = { prefix: [] }
/** For PostgreSQL the process is `nobody`; for the file system it stays root without root's powers, so files stay root's. */
const IN_USER_NAMESPACE: Runner = { prefix: ['unshare', '--user', '--map-user=65534', '--map-group=65534'] }

/**
 * PostgreSQL refuses to run as root, so root lends the server an account that is there already and never makes one.
 * `dir` exists; an existing cluster at `data` is run by its owner.
 * Errors: EmbeddedPostgresError where no account can reach both programs and files.
 */
export async function chooseRunner(bin: Binaries, dir: string, data: string): Promise<Runner> {
  if (process.getuid?.() !== 0) return AS_ITSELF
  for (const account of await candidates(data)) {
    const given = [dir, ...((await mayGive(path.dirname(dir))) ? [path.dirname(dir)] : [])]
    for (const folder of given) await chown(folder, account.uid, account.gid)
    if (await reaches(account, bin, dir)) return account
    for (const folder of given) await chown(folder, 0, 0)
  }
  if ((await ownerOf(data))?.uid)
    throw new EmbeddedPostgresError(
      `DATA_DIR: ${data} belongs to an account that cannot reach it or ${bin.postgres}; choose folders that it may enter, for example DATA_DIR=/var/lib/evergrant, or set DATABASE_URL`,
    )
  if (await reaches(IN_USER_NAMESPACE, bin, dir)) return IN_USER_NAMESPACE
  throw new EmbeddedPostgresError(
    `DATA_DIR: as root the embedded PostgreSQL needs an account (postgres or nobody) that can enter ${dir} and ${path.dirname(bin.postgres)}; set DATABASE_URL, run as another user, or choose folders open to it, for example DATA_DIR=/var/lib/evergrant`,
  )
}

type Account = Runner & { uid: number; gid: number }

async function candidates(data: string): Promise<Account[]> {
  const owner = await ownerOf(data)
  if (owner) return owner.uid === 0 ? [] : [owner]
  const found = await Promise.all(['postgres', 'nobody'].map(lookUp))
  return found.filter((account) => account !== undefined)
}

async function ownerOf(file: string): Promise<Account | undefined> {
  const found = await stat(file).catch(() => undefined)
  return found && { uid: found.uid, gid: found.gid, prefix: [] }
}

async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout), prefix: [] }
  } catch {
    return undefined
  }
}

/**
 * DATA_DIR is 0700 and holds root's secrets beside the cluster. Owned by the account it stays 0700 and lets the account through,
 * while the secrets (root's, 0600, in a folder of root's, 0700) stay closed to it. A folder that holds anything else is left as it is.
 */
async function mayGive(parent: string): Promise<boolean> {
  const { mode, uid } = await stat(parent)
  const ours = ['postgres', 'secrets', 'tls']
  return uid === 0 && (mode & 0o077) === 0 && (await readdir(parent)).every((name) => ours.includes(name))
}

async function reaches({ prefix, ...account }: Runner, bin: Binaries, dir: string): Promise<boolean> {
  const [file, ...args] = [...prefix, '/bin/sh', '-c', '"$1" --version && test -w "$2" -a -x "$2"', 'reach', bin.postgres, dir]
  return run(file, args, { ...account, cwd: '/' }).then(
    () => true,
    () => false,
  )
}
