/** What the guard answers to a token of a session that ended. */
export const INVALIDATED = {
  status: 401,
  body: {
    error: 'invalid_token',
    error_description: 'The access token was invalidated by a logout',
  },
};

/** What Keycloak answers to a dead refresh token. */
export const INVALID_GRANT = { status: 400, error: 'invalid_grant' };
