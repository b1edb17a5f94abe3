import { Counter, Gauge } from 'prom-client'

/** As many series as there are log streams, which LOG_STREAMS_MAX bounds: those of one that is gone go too. */
const labelNames = ['id'] as const
const lag = new Gauge({
  name: 'evergrant_log_stream_lag_seconds',
  help: 'Age of the oldest event that the sink has not acknowledged, 0 when there is none; absent for streams that are paused',
  labelNames,
})
const failures = new Counter({ name: 'evergrant_log_stream_failures_total', help: 'Deliveries that the sink did not acknowledge', labelNames })

/** Another process may deliver by then, and tell of it. */
const STALE_MS = 30_000
let forgetting: NodeJS.Timeout | undefined
const failed = new Set<string>()

export interface DeliveryLag {
  readonly id: string
  readonly paused: boolean
  readonly seconds: number
}

/** Tells how far all streams are behind, for as long as that is news. */
export function tellLags(streams: readonly DeliveryLag[]): void {
  lag.reset()
  for (const { id, paused, seconds } of streams) if (!paused) lag.set({ id }, seconds)
  clearTimeout(forgetting)
  forgetting = setTimeout(() => lag.reset(), STALE_MS).unref()
  const present = new Set(streams.map(({ id }) => id))
  for (const id of [...failed].filter((it) => !present.has(it))) {
    failures.remove({ id })
    failed.delete(id)
  }
}

export function countFailure(id: string): void {
  failed.add(id)
  failures.inc({ id })
}
