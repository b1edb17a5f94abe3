import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { LookupKey } from '../../keys/lookup-key.js'

/** How far clocks of workers may lie apart before a proof counts twice. */
const CLOCK_DIFFERENCE_SECONDS = 300
const AT_A_TIME = 10_000

/** Proofs count once while they are accepted, on whatever worker they come (RFC 9449 §11.1). Nothing in the table tells whose they were. */
@Injectable()
export class UsedProofs {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly lookupKey: LookupKey,
  ) {}

  /** Answers whether this is the proof's first use. It is remembered for so many milliseconds, and longer. */
  async use(jkt: string, jti: string, acceptedMs: number): Promise<boolean> {
    const hash = await this.lookupKey.of('dpop_proof', `${jkt}\n${jti}`)
    const { rowCount } = await this.pool.query({
      name: 'use-dpop-proof',
      text: `insert into used_dpop_proofs (hash, expires_at) values ($1, now() + make_interval(secs => $2)) on conflict do nothing`,
      values: [hash, acceptedMs / 1000 + CLOCK_DIFFERENCE_SECONDS],
    })
    return rowCount === 1
  }

  /** Forgets what is refused for its age anyway. */
  async forget(): Promise<void> {
    let forgotten: number | null
    do {
      const text = `delete from used_dpop_proofs where hash = any(array(select hash from used_dpop_proofs where expires_at < now() limit $1))`
      forgotten = (await this.pool.query({ name: 'forget-dpop-proofs', text, values: [AT_A_TIME] })).rowCount
    } while (forgotten === AT_A_TIME)
  }
}
