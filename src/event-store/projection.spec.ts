import type { PersonalData } from './event.js'
import { NO_PERSONAL_VALUES, openedOnce } from './projection.js'

const data = (...texts: string[]): PersonalData[] => texts as PersonalData[]

test('opens a value once for all projections of a batch, also one that nobody can open any more', async () => {
  const asked: string[][] = []
  const open = (list: readonly PersonalData[]): Promise<unknown[]> => {
    asked.push([...list])
    return Promise.resolve(list.map((value) => (value === data('erased')[0] ? undefined : `opened ${value}`)))
  }
  const personal = openedOnce({ ...NO_PERSONAL_VALUES, open })
  expect(await personal.open(data('a', 'erased', 'a'))).toEqual(['opened a', undefined, 'opened a'])
  expect(await personal.open(data('erased', 'b', 'a'))).toEqual([undefined, 'opened b', 'opened a'])
  expect(asked).toEqual([['a', 'erased'], ['b']])
})
