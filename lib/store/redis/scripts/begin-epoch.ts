/** KEYS[1]: since when this memory is complete. */
export const BEGIN_EPOCH = `
redis.call('SET', KEYS[1], redis.call('TIME')[1], 'NX')
return redis.call('GET', KEYS[1])
`;
