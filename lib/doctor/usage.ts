export const USAGE = `Usage: express-oidc-logout doctor <issuer> [options]

Reads the provider's metadata and keys, and tells what of express-oidc-logout
works there, what to register, and the options to copy.

  --client-id <id>   of this app: for the options, and to ask the provider
                     whether it takes a logout without ID Token
  --audience <aud>   what "aud" of the access tokens contains
  --base-url <url>   where the app is found, an https: URL without query
  --token            read an access token, ID Token or Logout Token from
                     standard input: does this configuration take it?
  --options <file>   the options of oidcLogout() as JSON, instead of issuer,
                     client id and audience
  --redis <url>      ask a Redis too, also about the access token
  --json             print JSON
  --allow-insecure   allow http: elsewhere than on loopback
  --help             print this

Exit status: 0 nothing is wrong, 1 something is, 2 wrong arguments.
`;

/** The message is all that is printed. */
export class ArgumentError extends Error {}

export function refuseArguments(reason: string): never {
  throw new ArgumentError(`${reason}\n\n${USAGE}`);
}
