import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { wholeFile } from './whole-file.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'evergrant-file-'))
const file = path.join(folder, 'log')
afterAll(() => rmSync(folder, { recursive: true }))

it('appears when it is complete', async () => {
  writeFileSync(file, 'before')
  await wholeFile(file, (out) => {
    out.write('after')
    expect(readFileSync(file, 'utf8')).toBe('before')
    return Promise.resolve()
  })
  expect(readFileSync(file, 'utf8')).toBe('after')
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('leaves what was there when it fails', async () => {
  writeFileSync(file, 'before')
  await expect(wholeFile(file, () => Promise.reject(new Error('full')))).rejects.toThrow('full')
  expect(readFileSync(file, 'utf8')).toBe('before')
  expect(readdirSync(folder)).toEqual(['log'])
})

it('writes into a pipe and leaves it one', async () => {
  const pipe = path.join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  chmodSync(pipe, 0o600)
  const read = import('node:fs/promises').then(({ readFile }) => readFile(pipe, 'utf8'))
  await wholeFile(pipe, (out) => Promise.resolve(void out.write('through')))
  expect(await read).toBe('through')
  expect(statSync(pipe).isFIFO()).toBe(true)
})
