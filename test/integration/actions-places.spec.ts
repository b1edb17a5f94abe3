import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { alpha3 } from '../../src/actions/event/country-codes.js'
import { Places } from '../../src/actions/event/places.js'
import { eventFor } from '../../src/actions/runner/event.js'
import type { Config } from '../../src/config.js'
import { mmdbFile, uint } from '../support/mmdb.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'evergrant-places-'))
afterAll(() => rmSync(folder, { recursive: true }))

const BERLIN = {
  continent: { code: 'EU', names: { en: 'Europe' } },
  country: { iso_code: 'DE', names: { en: 'Germany' } },
  city: { names: { en: 'Berlin' } },
  location: { latitude: 52.52, longitude: 13.4, time_zone: 'Europe/Berlin' },
  subdivisions: [{ iso_code: 'BE', names: { en: 'Land Berlin' } }],
}
const file = (name: string, content: Buffer): string => {
  const target = path.join(folder, name)
  writeFileSync(target, content)
  return target
}
const places = (geoipCityFile?: string, geoipAsnFile?: string): Places => new Places({ settings: { geoipCityFile, geoipAsnFile } } as unknown as Config)

describe('the place of an address', () => {
  const city = file('city.mmdb', mmdbFile('GeoLite2-City', '203.0.114.0', 24, BERLIN))
  const asn = file('asn.mmdb', mmdbFile('GeoLite2-ASN', '203.0.114.0', 24, { autonomous_system_number: uint(13_335), autonomous_system_organization: 'X' }))

  it('is what the operator’s files say', async () => {
    expect(await places(city, asn).of('203.0.114.7')).toEqual({
      asn: 'AS13335',
      geoip: {
        countryCode: 'DE',
        countryCode3: 'DEU',
        countryName: 'Germany',
        continentCode: 'EU',
        cityName: 'Berlin',
        latitude: 52.52,
        longitude: 13.4,
        timeZone: 'Europe/Berlin',
        subdivisionCode: 'BE',
        subdivisionName: 'Land Berlin',
      },
    })
  })

  it('is unknown, and never made up, where they say nothing, for private addresses, and without files', async () => {
    for (const ip of ['203.0.115.7', '10.0.0.1', '::1', '2606:4700::1111', 'nonsense', '']) expect(await places(city, asn).of(ip)).toEqual({ geoip: {} })
    expect(await places().of('203.0.114.7')).toEqual({ geoip: {} })
    expect(await places(file('broken.mmdb', Buffer.from('not a database'))).of('203.0.114.7')).toEqual({ geoip: {} })
  })

  it('has old names that nobody sees who does not ask for them', () => {
    const event = eventFor({ request: { geoip: { countryCode: 'DE', timeZone: 'Europe/Berlin' } } }, {}) as unknown as {
      request: { geoip: Record<string, string> }
    }
    const { geoip } = event.request
    expect([geoip['country_code'], geoip['time_zone'], geoip['city_name']]).toEqual(['DE', 'Europe/Berlin', undefined])
    expect(Object.keys(geoip)).toEqual(['countryCode', 'timeZone'])
    expect(JSON.stringify(geoip)).toBe('{"countryCode":"DE","timeZone":"Europe/Berlin"}')
  })
})

it('a country has one code of three letters', () => {
  expect(['DE', 'GB', 'US', 'CH', 'ZA', 'AD', 'ZW'].map(alpha3)).toEqual(['DEU', 'GBR', 'USA', 'CHE', 'ZAF', 'AND', 'ZWE'])
  expect(alpha3('XX')).toBeUndefined()
})
