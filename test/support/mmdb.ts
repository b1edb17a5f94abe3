/** A file of MaxMind's format 2.0 that knows one IPv4 network. */
export function mmdbFile(type: string, network: string, prefix: number, record: object): Buffer {
  const bits = network.split('.').flatMap((part) => [...Number(part).toString(2).padStart(8, '0')].map(Number))
  const nodes = Array.from({ length: prefix }, (_, n) => {
    const next = n + 1 < prefix ? n + 1 : prefix + 16
    // What leads elsewhere leads nowhere: the number of nodes.
    return Buffer.concat((bits[n] === 0 ? [next, prefix] : [prefix, next]).map(uint24))
  })
  const metadata = {
    binary_format_major_version: uint(2),
    binary_format_minor_version: uint(0),
    build_epoch: uint(1_700_000_000),
    database_type: type,
    description: { en: 'test' },
    ip_version: uint(4),
    languages: ['en'],
    node_count: uint(prefix),
    record_size: uint(24),
  }
  return Buffer.concat([...nodes, Buffer.alloc(16), encode(record), Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), encode(metadata)])
}

interface Uint {
  readonly uint: number
}
/** Numbers are doubles unless they say that they are whole. */
export const uint = (value: number): Uint => ({ uint: value })

function encode(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'number') {
    const double = Buffer.alloc(8)
    double.writeDoubleBE(value)
    return Buffer.concat([control(3, 8), double])
  }
  if (Array.isArray(value)) return Buffer.concat([Buffer.from([value.length, 4]), ...value.map(encode)])
  if (typeof (value as Partial<Uint>).uint === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE((value as Uint).uint)
    return Buffer.concat([control(6, 4), bytes])
  }
  const members = Object.entries(value as object)
  return Buffer.concat([control(7, members.length), ...members.flatMap(([name, member]) => [encode(name), encode(member)])])
}

function control(type: number, size: number): Buffer {
  return size < 29 ? Buffer.from([(type << 5) | size]) : Buffer.from([(type << 5) | 29, size - 29])
}

function uint24(value: number): Buffer {
  const bytes = Buffer.alloc(3)
  bytes.writeUIntBE(value, 0, 3)
  return bytes
}
