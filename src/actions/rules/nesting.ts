/** More than any value needs, and few enough for every program that writes it out. */
const MAX_DEPTH = 100

/** Whether lists and objects of a JSON value lie in one another more deeply than this service takes from an Action. */
export const isTooDeep = (value: unknown, left = MAX_DEPTH): boolean =>
  typeof value === 'object' && value !== null && (left === 0 || Object.values(value).some((member) => isTooDeep(member, left - 1)))
