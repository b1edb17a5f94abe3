import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createOwnerClient } from '../../../src/database/pool.js'
import { elapse } from '../clock.js'
import { Instance, MANAGEMENT } from '../http/instance.js'
import { environmentOf } from '../service.js'
import type { ScaleCluster } from './cluster.js'
import { readersAreDone } from './readers.js'
import { managementToken, type ScaleScene, setUpScene } from './scene.js'
import { seed } from './seed.js'
import { type TableSize, tableSizes } from './sizes.js'

/** What every process of the bench is started with. */
export const { ENCRYPTION_KEY = '', ISSUER_URL = '' } = environmentOf('', 'http')

/** A filled database, ready to be measured. `seconds`: how long filling took. */
export interface Prepared {
  readonly scene: ScaleScene
  readonly tables: readonly TableSize[]
  readonly seconds: number
}

/** As many as keep two cores and the server busy. */
const THREADS = 3
/** Several turns of every reader of the log. */
const TURNS_MS = 500

/**
 * Starts the service once, sets it up as an operator would, and fills its database. One that an earlier run has filled is taken as it is. Errors:
 * NoRoom; what setting up and seeding throw.
 */
export async function prepare(cluster: ScaleCluster, tell: (line: string) => void): Promise<Prepared> {
  const file = path.join(cluster.scratch, 'prepared.json')
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Prepared
  await cluster.make()
  const prepared = await fill(cluster, tell)
  await writeFile(file, JSON.stringify(prepared))
  return prepared
}

function fill(cluster: ScaleCluster, tell: (line: string) => void): Promise<Prepared> {
  return cluster.filling(async (url) => {
    const scene = await setUp(url, cluster.scratch)
    const began = performance.now()
    const seconds = (): number => (performance.now() - began) / 1000
    const progress = progressOf(cluster.families, (families) => tell(`${families} of ${cluster.families} families after ${seconds().toFixed(0)} s`))
    await seed({ databaseUrl: url, encryptionKeys: [ENCRYPTION_KEY], scene }, { families: cluster.families, threads: THREADS, tell: progress })
    const db = createOwnerClient(url)
    await db.connect()
    try {
      return { scene, tables: await tableSizes(db), seconds: seconds() }
    } finally {
      await db.end()
    }
  })
}

async function setUp(url: string, folder: string): Promise<ScaleScene> {
  const instance = await Instance.start(url, folder)
  const db = createOwnerClient(url)
  await db.connect()
  try {
    const address = `http://localhost:${instance.port}/`
    const scene = await setUpScene(address, await managementToken(address, MANAGEMENT, ISSUER_URL))
    for (let looks = 0; looks < 2; looks = (await readersAreDone(db)) ? looks + 1 : 0) await elapse(TURNS_MS)
    return scene
  } finally {
    await db.end()
    await instance.stop()
  }
}

/** Tells at every twentieth. */
function progressOf(total: number, tell: (families: number) => void): (families: number) => void {
  let next = total / 20
  return (families) => {
    if (families < next) return
    next = families + total / 20
    tell(families)
  }
}
