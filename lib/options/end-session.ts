import { checkChoice, checkNumber, checkObject, checkText, checkTexts } from '../input/checks.ts';
import type { ProviderOptions } from './provider-options.ts';

/** Checks what is told of the provider's End Session endpoint. */
export function resolveEndSession(provider: ProviderOptions) {
  const { logoutHint, endSessionParameters = {}, uiLocales } = provider;
  if (logoutHint !== undefined && typeof logoutHint !== 'function') {
    throw new TypeError('"provider.logoutHint" must be a function');
  }
  const rule = { standard: 8000, least: 1, unit: 'bytes' };
  return {
    idTokenHint: checkChoice(provider.idTokenHint, 'provider.idTokenHint', [
      'auto',
      'always',
      'never',
    ]),
    maxRedirectLength: checkNumber(provider.maxRedirectLength, 'provider.maxRedirectLength', rule),
    logoutHint,
    uiLocales: uiLocales === undefined ? undefined : resolveLocales(uiLocales),
    endSessionParameters: resolveParameters(endSessionParameters),
    endSession: checkChoice(provider.endSession, 'provider.endSession', [
      'standard',
      'auth0',
      'cognito',
    ]),
  };
}

const LANGUAGE_TAG = /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/;

function resolveLocales(option: string | readonly string[]): string {
  const tags = checkTexts(option, 'provider.uiLocales');
  if (tags.every((tag) => LANGUAGE_TAG.test(tag))) return tags.join(' ');
  throw new TypeError('"provider.uiLocales" must be BCP 47 language tags');
}

const OWN_PARAMETERS = new Set([
  'id_token_hint',
  'client_id',
  'post_logout_redirect_uri',
  'state',
  'logout_hint',
  'ui_locales',
]);

function resolveParameters(parameters: Readonly<Record<string, string>>) {
  checkObject(parameters, 'provider.endSessionParameters');
  for (const [name, value] of Object.entries(parameters)) {
    checkText(value, `provider.endSessionParameters.${name}`);
    if (!OWN_PARAMETERS.has(name)) continue;
    throw new TypeError(`"provider.endSessionParameters" must not have "${name}"`);
  }
  return Object.freeze({ ...parameters });
}
