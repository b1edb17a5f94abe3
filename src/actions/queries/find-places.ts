import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { type Place, Places } from '../event/places.js'

/** Where addresses are, in the order asked, as far as the operator's files tell (spec/actions.md §2.5). Never fails for an address. */
export class FindPlaces extends Query<readonly Place[]> {
  constructor(readonly addresses: readonly string[]) {
    super()
  }
}

@QueryHandler(FindPlaces)
export class FindPlacesHandler implements IQueryHandler<FindPlaces> {
  constructor(private readonly places: Places) {}

  execute({ addresses }: FindPlaces): Promise<readonly Place[]> {
    return Promise.all(addresses.map((address) => this.places.of(address)))
  }
}
