import { Writable } from 'node:stream'
import { type ExportRange, writeExport } from '../../src/cli/export.js'
import { ISSUER } from './log-fixture.js'

/** An export as its lines, each with its line break. */
export async function exportLines(databaseUrl: string, range: ExportRange = {}): Promise<string[]> {
  const chunks: string[] = []
  const out = new Writable({
    decodeStrings: false,
    write(chunk: string, _, done) {
      chunks.push(chunk)
      done()
    },
  })
  await writeExport(databaseUrl, ISSUER, out, range)
  return chunks.join('').split(/(?<=\n)/)
}
