/** Wakes whoever waits. It carries nothing: the woken look for themselves what there is to do. */
export class Bell {
  #rings = 0
  readonly #sleepers = new Set<() => void>()

  /** To be read before looking for work, so that a ring during the look is not slept through. */
  get rings(): number {
    return this.#rings
  }

  ring(): void {
    this.#rings++
    for (const wake of this.#sleepers) wake()
  }

  /** Until the next ring after `heard` rings, or for `ms`. */
  async wait(heard: number, ms: number): Promise<void> {
    if (this.#rings !== heard) return
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#sleepers.add(wake)
    })
  }
}
