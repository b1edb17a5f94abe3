/** What `like` finds these texts by, with anything between two of them. */
export const likePattern = (texts: readonly string[]): string => texts.map((text) => text.replaceAll(/[\\%_]/g, '\\$&')).join('%')
