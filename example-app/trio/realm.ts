/** The one realm of this app, as Elasticsearch calls its configured provider. */
export const REALM = 'oidc1';
