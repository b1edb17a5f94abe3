const HOST = /^(\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::(\d{1,5}))?$/i

/** An entry of a list of hosts that Actions may reach: `host`, `host:port`, `*.example.com`, or an IPv4 address. */
export function isAllowedHost(entry: string): boolean {
  const [, , port] = HOST.exec(entry) ?? []
  return HOST.test(entry) && entry.length <= 255 && (port === undefined || (Number(port) > 0 && Number(port) < 65_536))
}
