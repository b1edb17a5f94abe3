import { changedTransaction, type TransactionMetadata } from '../../rules/transaction.js'
import type { Build } from './build.js'
import { give, refuse, textProblems } from './give.js'

const MAX_ERROR = 100

export const accessApi = (build: Build, api: object): object => ({
  deny: (reason: unknown) => {
    give(build, { type: 'access.deny', reason: String(reason) })
    return api
  },
})

export const validationApi = (build: Build, api: object): object => ({
  error: (errorCode: unknown, errorMessage: unknown) => {
    refuse({ errorCode: textProblems(errorCode, MAX_ERROR), errorMessage: textProblems(errorMessage, MAX_ERROR) })
    give(build, { type: 'validation.error', code: errorCode as string, message: errorMessage as string })
    return api
  },
})

/** There are no Rules in this service. */
export const rulesApi = (): object => ({ wasExecuted: () => false })

const off = (): never => {
  throw new Error('Method not implemented.')
}

export const transactionApi = (build: Build): object => ({
  setMetadata: (key: unknown, value: unknown) => {
    const transaction = (build.event.transaction ??= {})
    transaction.metadata = { ...changedTransaction((transaction.metadata ?? {}) as TransactionMetadata, key, value) }
    give(build, { type: 'transaction.metadata', key: key as string, value: value as string })
  },
  addTargetScope: off,
  removeTargetScope: off,
  setTargetScopes: off,
  clearTargetScopes: off,
})
