/** A user's id is a provider's name, a bar and whatever the provider knows them by: an address too. */
export const isUserId = (text: string): boolean => /^[\w-]{1,64}(\||%7C)/i.test(text)
