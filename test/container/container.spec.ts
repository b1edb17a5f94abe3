import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'

const project = path.resolve(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(path.join(project, file), 'utf8')

/** A full version, not a name that moves. */
const PINNED = /^[a-z/]+:\d+\.\d+(?:\.\d+)?(?:-[a-z-]+)?$/

interface Service {
  image: string
  user?: string
  read_only?: boolean
  tmpfs?: string[]
  cap_drop: string[]
  security_opt: string[]
  healthcheck: { test: string[] }
  depends_on?: Record<string, { condition: string }>
  environment: Record<string, string>
  ports?: string[]
  privileged?: boolean
}

describe('the image', () => {
  /** Instructions of the last stage, continuation lines joined. */
  const lines = read('Dockerfile')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))
  const only = (instruction: string): string => {
    const found = last.filter((line) => line.startsWith(`${instruction} `))
    expect(found).toHaveLength(1)
    return found[0]!.slice(instruction.length + 1)
  }

  test('stands on one pinned base', () => {
    const bases = lines.filter((line) => line.startsWith('FROM ')).map((line) => line.split(' ')[1]!)
    expect(new Set(bases).size).toBe(1)
    expect(bases[0]).toMatch(PINNED)
  })

  test('runs as a numbered user who is not root', () => {
    expect(only('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })

  test('asks the service itself whether it is ready', () => {
    expect(only('HEALTHCHECK')).toContain('/health/ready')
  })

  test('stops by the signal that the service listens to, which reaches it without a shell between', () => {
    expect(only('STOPSIGNAL')).toBe('SIGTERM')
    expect(JSON.parse(only('CMD'))).toEqual(['node', 'dist/service/main.js'])
  })

  test('takes nothing along that no stage asks for', () => {
    const [first, ...allowed] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(first).toBe('*')
    const kept = allowed.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    const copied = lines.filter((line) => line.startsWith('COPY ') && !line.includes('--from=')).flatMap((line) => line.split(' ').slice(1, -1))
    expect(kept.sort()).toEqual([...new Set(copied.map((file) => file.replace('./', '')))].sort())
  })
})

describe('compose.yaml', () => {
  const { services, networks } = parse(read('compose.yaml')) as {
    services: { evergrant: Service; postgres: Service }
    networks: Record<string, { internal?: boolean } | null>
  }
  const { evergrant, postgres } = services

  test('pins every image', () => {
    for (const { image } of Object.values(services)) expect(image).toMatch(PINNED)
  })

  test('names the image after this version', () => {
    expect(evergrant.image).toBe(`evergrant:${(JSON.parse(read('package.json')) as { version: string }).version}`)
  })

  test('runs the service without root, capabilities, or a file system to write to', () => {
    expect(evergrant.user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    expect(evergrant.read_only).toBe(true)
    expect(evergrant.tmpfs).toEqual([expect.stringMatching(/^\/tmp:/)])
  })

  test('takes from every container all that it does not need', () => {
    for (const service of Object.values(services)) {
      expect(service.cap_drop).toEqual(['ALL'])
      expect(service.security_opt).toContain('no-new-privileges:true')
      expect(service.privileged).toBeUndefined()
    }
  })

  test('asks every container for its health, and starts the service after the database', () => {
    expect(evergrant.healthcheck.test.join(' ')).toContain('/health/ready')
    expect(postgres.healthcheck.test).toContain('pg_isready')
    expect(evergrant.depends_on).toEqual({ postgres: { condition: 'service_healthy' } })
  })

  test('holds no secret: a missing one stops the start with a message', () => {
    expect(evergrant.environment['ENCRYPTION_KEY']).toMatch(/^\$\{ENCRYPTION_KEY:\?.+\}$/)
    expect(evergrant.environment['DATABASE_URL']).toMatch(/:\$\{POSTGRES_PASSWORD:\?.+\}@/)
    expect(postgres.environment['POSTGRES_PASSWORD']).toMatch(/^\$\{POSTGRES_PASSWORD:\?.+\}$/)
  })

  test('lets nobody but this host reach the service, and nobody but the service the database', () => {
    expect(evergrant.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)])
    expect(postgres.ports).toBeUndefined()
    expect(networks['database']).toEqual({ internal: true })
  })
})
