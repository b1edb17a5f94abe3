import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { ROOT } from './service.js'

/** A package of the registry: its files by their path. */
export type PackageFiles = Readonly<Record<string, string | Buffer>>

export interface NpmRegistry {
  /** With its trailing slash. */
  readonly url: string
  /** What was asked for, in order. */
  readonly asked: string[]
  /** Adds a package; its package.json says what it is. */
  add(files: PackageFiles): void
  /** Adds packages that are installed here, with all that they need. */
  addInstalled(name: string): void
  close(): Promise<void>
}

interface Published {
  readonly manifest: Record<string, unknown> & { readonly name: string; readonly version: string; readonly dependencies?: Record<string, string> }
  readonly tarball: Buffer
}

/** A registry as npm knows them, on this machine, so that builds need no network. */
export async function startNpmRegistry(): Promise<NpmRegistry> {
  const packages = new Map<string, Published[]>()
  const asked: string[] = []
  const server = createServer((req, res) => {
    const url = decodeURIComponent(req.url!)
    asked.push(url)
    const [, name, file] = /^\/((?:@[^/]+\/)?[^/]+)(?:\/-\/(.+))?$/.exec(url) ?? []
    const versions = packages.get(name ?? '')
    if (!versions) return res.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Not found"}')
    const found = versions.find(({ manifest }) => file === `${manifest.version}.tgz`)
    if (file !== undefined) return found ? res.end(found.tarball) : res.writeHead(404).end()
    const { port } = server.address() as { port: number }
    const shown = versions.map(({ manifest, tarball }) => {
      const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
      return [manifest.version, { ...manifest, dist: { integrity, tarball: `http://127.0.0.1:${port}/${name}/-/${manifest.version}.tgz` } }]
    })
    const latest = versions.at(-1)!.manifest.version
    res.setHeader('content-type', 'application/json')
    return res.end(JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(shown) }))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }

  const add = (files: PackageFiles): Published => {
    const manifest = JSON.parse(String(files['package.json'])) as Published['manifest']
    const published = { manifest, tarball: gzipSync(tar(files)) }
    packages.set(manifest.name, [...(packages.get(manifest.name) ?? []), published])
    return published
  }
  const addInstalled = (name: string, from = ROOT): void => {
    if (packages.has(name)) return
    const own = path.join(from, 'node_modules', name)
    const folder = existsSync(own) ? own : path.join(ROOT, 'node_modules', name)
    const { manifest } = add(filesIn(folder))
    for (const dependency of Object.keys(manifest.dependencies ?? {})) addInstalled(dependency, folder)
  }
  return {
    url: `http://127.0.0.1:${port}/`,
    asked,
    add: (files) => void add(files),
    addInstalled: (name) => addInstalled(name),
    close: () => new Promise((done) => server.close(() => done())),
  }
}

function filesIn(folder: string, prefix = ''): PackageFiles {
  const entries = readdirSync(path.join(folder, prefix)).filter((name) => name !== 'node_modules')
  return Object.assign(
    {},
    ...entries.map((name) => {
      const file = path.join(prefix, name)
      return statSync(path.join(folder, file)).isDirectory() ? filesIn(folder, file) : { [file]: readFileSync(path.join(folder, file)) }
    }),
  ) as PackageFiles
}

/** POSIX.1-1988 (ustar), as far as npm reads it. */
function tar(files: PackageFiles): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const bytes = Buffer.from(content)
    const header = Buffer.alloc(512)
    header.write(`package/${name}`, 0, 100)
    header.write('0000644\0', 100)
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('00000000000\0', 136)
    header.write('        0', 148)
    header.write('ustar\x0000', 257, 'latin1')
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}
