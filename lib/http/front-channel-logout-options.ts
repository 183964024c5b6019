import { callable, optional } from '../input/kinds.ts';
import { type OptionsOf, optionsOfCall, readOptions } from '../input/option.ts';
import type { FindTokens } from './session-tokens.ts';

export const FRONT_CHANNEL_LOGOUT_OPTIONS = {
  /**
   * Finds the tokens in the app's own session, for requests without `iss` and `sid` from a provider
   * that names no session. The saved login of the tokens ends. The function may be async; if the
   * function fails, the error goes to `next`, and nothing is changed. Any page can then ask for the
   * endpoint in a hidden frame, and so log a user out; the request must be that of a frame
   * (`Sec-Fetch-Dest: iframe`), and the app's cookie `SameSite=None` unless the provider is of the
   * same site. Default: none; such requests are answered 400.
   *
   * @see [OpenID Connect Front-Channel Logout 1.0, section 2](https://openid.net/specs/openid-connect-frontchannel-1_0.html#RPLogout)
   */
  tokens: optional(callable<FindTokens>()),
};

/** Options of one front-channel endpoint. */
export interface FrontChannelLogoutOptions extends OptionsOf<typeof FRONT_CHANNEL_LOGOUT_OPTIONS> {}

export function resolveFrontChannelLogoutOptions(options: FrontChannelLogoutOptions) {
  const place = optionsOfCall('frontChannelLogout()');
  return readOptions(FRONT_CHANNEL_LOGOUT_OPTIONS, options, place);
}
