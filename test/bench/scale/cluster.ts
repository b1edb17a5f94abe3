import { execFile } from 'node:child_process'
import { mkdir, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/database/embedded-postgres.js'

/** A database of one size, kept in a folder of its own; its server runs only while it is used. */
export class ScaleCluster {
  constructor(
    readonly families: number,
    private readonly folder: string,
  ) {}

  /** What a run that was ended has left half done is gone. Errors: NoRoom. */
  async make(): Promise<void> {
    await this.remove()
    await mkdir(this.folder, { recursive: true })
    await refuseWithoutRoom(this.folder, this.families)
  }

  /** Where beside the database something may be written, too. */
  get scratch(): string {
    return this.folder
  }

  /** Runs `work` on a server that forgets all when it crashes, and writes to the disk what it left. */
  async filling<T>(work: (url: string) => Promise<T>): Promise<T> {
    const done = await this.#running(FILLING, ({ url }) => work(url('postgres')))
    await promisify(execFile)('sync')
    return done
  }

  /** Runs `work` on a server as it should be. */
  measuring<T>(work: (server: EmbeddedPostgres) => Promise<T>): Promise<T> {
    return this.#running(MEASURING, work)
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  async #running<T>(settings: Record<string, string | number>, work: (server: EmbeddedPostgres) => Promise<T>): Promise<T> {
    const server = await startEmbeddedPostgres({ dir: path.join(this.folder, 'postgres'), settings: { max_connections: 120, ...settings } })
    try {
      return await work(server)
    } finally {
      await server.stop()
    }
  }
}

const FILLING = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  // Few files, written again and again: they are mostly overwritten before they reach the disk.
  min_wal_size: '256MB',
  max_wal_size: '512MB',
  checkpoint_timeout: '1h',
  max_parallel_maintenance_workers: 2,
  autovacuum: 'off',
  shared_buffers: '1GB',
}

/**
 * Durable defaults, and memory as the manual of PostgreSQL advises for a server of this kind. The first vacuum of so many new rows takes longer
 * than a bench; it would meet the large sizes only.
 */
const MEASURING = { shared_buffers: '2GB', max_wal_size: '4GB', autovacuum: 'off' }

/** Bytes of a family with its share of people, events, seals and indexes. */
const OF_FAMILY = 6100
/** For WAL, sorting, and the bench's own growth. */
const SPARE = 4e9

/** Tells how much there must be. */
export class NoRoom extends Error {}

async function refuseWithoutRoom(folder: string, families: number): Promise<void> {
  const needed = families * OF_FAMILY + SPARE
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free < needed) throw new NoRoom(`${families} families need ${gigabytes(needed)} in ${folder}, where ${gigabytes(free)} are free`)
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(0)} GB`
