/** Members that grant something to who reads them, in bodies of the Management API as in options of connections. */
const SECRET =
  /(secret|password|authorization|private_?key|api_?key|decryption_?key|signing_?key|shared_?key|access_?key|sas_?key|master_?key|write_?key|token|assertion|bind_?credentials|source_?address)$/i
/** What tells nothing by its name alone: keys and variables of a connection, values and texts of Actions, headers of log streams. */
const PLACES = /^options\.(.+\.)?(key|configuration)$|(^|\.)(secrets|httpCustomHeaders)\.value$|^((action|current_version|deployed_version)\.)?code$/i
/** Objects that say how such a thing is to be. */
const SETTINGS = /^(refresh_token|change_password|options\.authentication_methods\.password)$/

/** Whether what stands at this place of a body is a secret, whatever its type. Whether there is one, as in `false` or null, may be known. */
export function isSecret(path: readonly string[], value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return false
  const place = path.filter((name) => !/^\d+$/.test(name)).join('.')
  if (typeof value === 'object' && SETTINGS.test(place)) return false
  return SECRET.test(path.at(-1) ?? '') || PLACES.test(place)
}
