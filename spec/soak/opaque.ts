/** What an opaque token begins with that the provider calls active, though nobody saved it. */
export const ACTIVE = 'active';
