import { Counter, Gauge, Histogram } from 'prom-client'

export const appendDuration = new Histogram({
  name: 'evergrant_append_duration_seconds',
  help: 'Time of one append statement',
  buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
})
export const appendBatchSize = new Histogram({
  name: 'evergrant_append_batch_size',
  help: 'Streams moved by one append statement',
  buckets: [1, 2, 4, 8, 16, 32],
})
export const appendConflicts = new Counter({
  name: 'evergrant_append_conflicts_total',
  help: 'Commands decided again because their stream had moved',
  labelNames: ['stream_type'],
})
export const sealedPosition = new Gauge({ name: 'evergrant_sealed_position', help: 'Last position of the newest seal' })
export const projectionPosition = new Gauge({
  name: 'evergrant_projection_position',
  help: 'Last position that a projection or reactor has done',
  labelNames: ['name'],
})
export const failedEvents = new Counter({
  name: 'evergrant_projection_failed_events_total',
  help: 'Events that a projection or reactor could not handle',
  labelNames: ['name'],
})
export const misplacedReaderCount = new Gauge({
  name: 'evergrant_misplaced_readers',
  help: 'Projections and reactors that stand where no seal ends, such as ahead of the newest one: they miss events',
})
export const lostCheckpoint = new Gauge({
  name: 'evergrant_log_checkpoint_lost',
  help: '1 while the log does not hold the checkpoint that was published last: its tail was cut off, or it was rewritten',
})
