import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { Inject, Injectable, Logger } from '@nestjs/common'
import { type AsnResponse, type CityResponse, Reader, type Response } from 'mmdb-lib'
import { CONFIG, type Config } from '../../config.js'
import { isPrivateAddress } from '../sandbox/network.js'
import { alpha3 } from './country-codes.js'

/** Where an address is, as far as the operator's files tell: nothing is guessed (spec/actions.md §2.5, §2.9). */
export interface Place {
  readonly geoip: GeoIp
  /** `AS13335`. */
  readonly asn?: string
}

export interface GeoIp {
  readonly countryCode?: string
  readonly countryCode3?: string
  readonly countryName?: string
  readonly continentCode?: string
  readonly cityName?: string
  readonly latitude?: number
  readonly longitude?: number
  readonly timeZone?: string
  readonly subdivisionCode?: string
  readonly subdivisionName?: string
}

/** Looks addresses up in MaxMind files, which are read again when they change. Without files nothing is known of any address. */
@Injectable()
export class Places {
  readonly #city: Database<CityResponse>
  readonly #asn: Database<AsnResponse>
  readonly #knows: boolean

  constructor(@Inject(CONFIG) { settings }: Config) {
    this.#city = new Database(settings.geoipCityFile)
    this.#asn = new Database(settings.geoipAsnFile)
    this.#knows = settings.geoipCityFile !== undefined || settings.geoipAsnFile !== undefined
  }

  async of(ip: string): Promise<Place> {
    if (!this.#knows || isIP(ip) === 0 || isPrivateAddress(ip)) return { geoip: {} }
    const [city, asn] = await Promise.all([this.#city.find(ip), this.#asn.find(ip)])
    return { geoip: city ? geoip(city) : {}, ...(asn?.autonomous_system_number !== undefined && { asn: `AS${asn.autonomous_system_number}` }) }
  }
}

function geoip({ country, continent, city, location, subdivisions }: CityResponse): GeoIp {
  const [subdivision] = subdivisions ?? []
  const code = country?.iso_code
  const members: Record<keyof GeoIp, string | number | undefined> = {
    countryCode: code,
    countryCode3: code === undefined ? undefined : alpha3(code),
    countryName: country?.names.en,
    continentCode: continent?.code,
    cityName: city?.names.en,
    latitude: location?.latitude,
    longitude: location?.longitude,
    timeZone: location?.time_zone,
    subdivisionCode: subdivision?.iso_code,
    subdivisionName: subdivision?.names.en,
  }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

/** How often a file is looked at for changes. */
const LOOK_EVERY_MS = 5000

/** One file; the last one that could be read goes on serving where a new one cannot. */
class Database<T extends Response> {
  readonly #log = new Logger('geoip')
  #reader: Promise<Reader<T> | undefined> | undefined
  #modified = 0
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(private readonly file: string | undefined) {}

  async find(ip: string): Promise<T | undefined> {
    if (this.file === undefined) return undefined
    if (performance.now() - this.#lookedAt > LOOK_EVERY_MS) {
      this.#lookedAt = performance.now()
      this.#reader = this.#renew(this.file, this.#reader)
    }
    const reader = await this.#reader
    try {
      return reader?.get(ip) ?? undefined
    } catch {
      // An IPv6 address and a file of IPv4 alone.
      return undefined
    }
  }

  async #renew(file: string, before: Promise<Reader<T> | undefined> | undefined): Promise<Reader<T> | undefined> {
    try {
      const { mtimeMs } = await stat(file)
      if (before && mtimeMs === this.#modified) return await before
      const reader = new Reader<T>(await readFile(file))
      this.#modified = mtimeMs
      return reader
    } catch (error) {
      this.#log.warn('a file of places could not be read', { err: error })
      return before
    }
  }
}
