import type { Group } from './row.js'
import { actions } from './rows/actions.js'
import { append } from './rows/append.js'
import { bounds } from './rows/bounds.js'
import { exchanges } from './rows/exchanges.js'
import { http } from './rows/http.js'
import { logReaders } from './rows/log-readers.js'
import { processes } from './rows/processes.js'
import { reference } from './rows/reference.js'
import { rotation } from './rows/rotation.js'

/** All there is to measure, in the report's order: a file each. */
export const groups: readonly Group[] = [http, exchanges, rotation, actions, append, reference, bounds, logReaders, processes]
