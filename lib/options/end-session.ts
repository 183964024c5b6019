import { checkObject, checkText, checkTexts } from '../input/checks.ts';
import type { Option } from '../input/option.ts';
import { isPrivateUseUri } from '../input/private-use-uri.ts';
import { isSecureUrl, schemeHint } from '../input/secure-url.ts';

/** A native app's own URI is one by its own right. */
export function postLogoutRedirectUris(): Option<string | readonly string[], readonly string[]> {
  return {
    takes: 'URL or URLs',
    read(given, { name, allowInsecureRequests }) {
      const uris = checkTexts(given, name);
      const isUri = (uri: string) =>
        isSecureUrl(uri, allowInsecureRequests) || isPrivateUseUri(uri);
      if (uris.every(isUri)) return uris;
      const hint = schemeHint(uris.find((uri) => !isUri(uri)));
      throw new TypeError(
        `"${name}" must be absolute https: URLs without fragment and user (http: on loopback, or with "allowInsecureRequests"), or URIs of a native app such as com.example.app:/logged-out${hint}`,
      );
    },
  };
}

const LANGUAGE_TAG = /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/;

/** Language tags, read as one text with spaces (RP-Initiated Logout 1.0, section 2). */
export function locales(): Option<string | readonly string[], string> {
  return {
    takes: 'BCP 47 tag or tags',
    read(given, { name }) {
      const tags = checkTexts(given, name);
      if (tags.every((tag) => LANGUAGE_TAG.test(tag))) return tags.join(' ');
      throw new TypeError(`"${name}" must be BCP 47 language tags`);
    },
  };
}

const OWN_PARAMETERS = new Set([
  'id_token_hint',
  'client_id',
  'post_logout_redirect_uri',
  'state',
  'logout_hint',
  'ui_locales',
]);

type Parameters = Readonly<Record<string, string>>;

/** The package's own parameters are refused. */
export function parameters(): Option<Parameters, Parameters> {
  return {
    takes: 'object of strings',
    read(given, { name: option }) {
      checkObject(given, option);
      const all = Object.entries(given).map(([name, value]) => {
        const text = checkText(value, `${option}.${name}`);
        if (OWN_PARAMETERS.has(name)) throw new TypeError(`"${option}" must not have "${name}"`);
        return [name, text];
      });
      return Object.freeze(Object.fromEntries(all) as Record<string, string>);
    },
  };
}
