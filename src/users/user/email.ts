/** The one spelling that an address is looked up and compared by: Auth0 lower-cases addresses. */
export const normalizedEmail = (email: string): string => email.trim().normalize('NFC').toLowerCase()
