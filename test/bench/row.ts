import type { Cluster } from './cluster.js'

/** What can be known of a row; CPU is µs per operation, lags are ms. A row leaves out what it has no use for. */
export type Figure =
  | 'perSecond'
  | 'p50'
  | 'p99'
  | 'serviceMicros'
  | 'backgroundMicros'
  | 'databaseMicros'
  | 'sealLagP50'
  | 'sealLagP99'
  | 'projectionLagP50'
  | 'projectionLagP99'
  | 'reactorLagP50'
  | 'reactorLagP99'
  | 'eventsPerSeal'
  | 'startMs'
  | 'residentMegabytes'

export type Figures = Partial<Record<Figure, number>>

/** How long and how often each row is measured. */
export interface Pace {
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly rounds: number
  /** A smoke run: seeds little, and no figure means anything. */
  readonly quick: boolean
}

/** What rows are measured with. */
export interface Bench {
  readonly cluster: Cluster
  readonly pace: Pace
}

/** One line of a table. */
export interface Row {
  readonly name: string
  readonly callers: number
  /** Whether sealer, projections and reactors run meanwhile, in a process of their own. */
  readonly background: boolean
  measure(bench: Bench): Promise<Figures>
}

/** A figure over figures. `goal` is what it should be, `met` whether it is. */
export interface Ratio {
  readonly what: string
  readonly value: string
  readonly goal?: string
  readonly met?: boolean
}

/** The medians of what was measured; undefined for a row that was left out. */
export type Results = (name: string, callers: number, background?: boolean) => Figures | undefined

/** The rows of one file. `ratios` may use every group's results. */
export interface Group {
  readonly name: string
  /** What the rows are, for the reader of the report. */
  readonly about: string
  readonly rows: readonly Row[]
  ratios?(results: Results): readonly Ratio[]
}

export const CALLERS = [1, 8, 32] as const

/** A row for each number of callers, alone and with the background at work. */
export const everyWay = (name: string, measure: (bench: Bench, callers: number, background: boolean) => Promise<Figures>): Row[] =>
  [false, true].flatMap((background) => alone(name, (bench, callers) => measure(bench, callers, background)).map((row) => ({ ...row, background })))

/** A row for each number of callers, with nothing beside it. */
export const alone = (name: string, measure: (bench: Bench, callers: number) => Promise<Figures>): Row[] =>
  CALLERS.map((callers) => ({ name, callers, background: false, measure: (bench) => measure(bench, callers) }))

/** What a row still reaches beside the background, for each number of callers. */
export const besideAlone = (name: string, results: Results): Ratio[] =>
  CALLERS.map((callers) => {
    const [alone, beside] = [results(name, callers, false)?.perSecond, results(name, callers, true)?.perSecond]
    return { what: `${name} with background ÷ alone, ${callers} callers`, value: alone && beside ? (beside / alone).toFixed(2) : 'not measured' }
  })
