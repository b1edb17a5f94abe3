import os from 'node:os'
import type { Cluster } from './cluster.js'
import { pgbenchVersion } from './pgbench.js'

/** What figures depend on; nothing that names the machine. To be asked before the first row. */
export async function machineFacts(cluster: Cluster): Promise<string[]> {
  const cpus = os.cpus()
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(0)} GB`
  const [version, fsync, commit] = [await cluster.setting('server_version'), await cluster.setting('fsync'), await cluster.setting('synchronous_commit')]
  return [
    `${cpus.length} cores (${cpus[0]?.model.trim() || 'unknown'}), ${memory} memory, ${os.type()} ${os.arch()}; load ${os.loadavg()[0]!.toFixed(1)} before the start`,
    `Node ${process.versions.node}`,
    `PostgreSQL ${version} on a unix socket, fsync ${fsync}, synchronous_commit ${commit}; pgbench ${(await pgbenchVersion()) ?? 'not found'}`,
  ]
}
