/** Two keep the database busy while the next batch gathers (docs/adr/0001-event-store.md). */
const MAX_IN_FLIGHT = 2

/** Lets those who wait at the same time share a statement. There is no timer: a lone one leaves at once, and a crowd gathers while statements are under way. */
export class SharedStatements<Waiting> {
  readonly #waiting: Waiting[] = []
  #inFlight = 0
  #scheduled = false

  /** `take` removes those who go together from all who wait; `run` answers each of them, and never fails. */
  constructor(
    private readonly take: (waiting: Waiting[]) => Waiting[],
    private readonly run: (batch: readonly Waiting[]) => Promise<void>,
  ) {}

  add(one: Waiting): void {
    this.#waiting.push(one)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    while (this.#inFlight < MAX_IN_FLIGHT && this.#waiting.length > 0) {
      this.#inFlight++
      void this.run(this.take(this.#waiting)).finally(() => {
        this.#inFlight--
        this.#flush()
      })
    }
  }
}
