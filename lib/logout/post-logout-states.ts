import { readMembers } from '../input/json-object.ts';
import type { Encryption } from '../session/encryption.ts';
import type { Operations } from '../store/operations.ts';
import { stateKey } from '../token/token-keys.ts';

/** A `state`, and the value of the cookie that binds a browser to it. */
export interface BoundState {
  /** Empty where the provider sends none back. */
  readonly state: string;
  readonly cookie: string | undefined;
}

/** What is kept of a logout until the browser comes back. */
export interface ReturnedLogout {
  readonly returnTo?: string | undefined;
}

// Seconds: the provider may ask the user first, who may take a while.
export const STATE_LIFETIME = 60 * 60;
// Between a state that is not in the store and what is sealed beside it; no state has it.
const MARK = '~';
const NO_STATE: BoundState = { state: '', cookie: undefined };

/**
 * The `state` of logouts whose browser is at the provider, good for one return: in the store, or where nothing ended,
 * in the cookie of the browser alone.
 */
export class PostLogoutStates {
  readonly #operations: Operations;
  readonly #encryption: Encryption;

  constructor(operations: Operations, encryption: Encryption) {
    this.#operations = operations;
    this.#encryption = encryption;
  }

  /** Keeps a state in the store. */
  async keep(state: string, returnTo: string | undefined): Promise<BoundState> {
    if (state === '') return NO_STATE;
    const key = stateKey(state);
    const value = await this.#encryption.seal(`state:${key}`, JSON.stringify({ returnTo }));
    await this.#operations.keepState(key, value, STATE_LIFETIME);
    return { state, cookie: state };
  }

  /** Keeps a state in the cookie alone; where nothing can be sealed, without the place to return to. */
  async unkept(state: string, returnTo: string | undefined): Promise<BoundState> {
    if (state === '') return NO_STATE;
    const isSealed = returnTo !== undefined && this.#encryption.isOn;
    const sealed = isSealed
      ? await this.#encryption.seal(`state:${stateKey(state)}`, JSON.stringify({ returnTo }))
      : '';
    return { state, cookie: state + MARK + sealed };
  }

  /** Forgets a state that was not answered. */
  async drop(state: string): Promise<void> {
    if (state !== '') await this.#operations.takeState(stateKey(state));
  }

  /** The state in a cookie's value. */
  stateOf(cookie: string): string {
    return cookie.split(MARK, 1)[0] ?? '';
  }

  /**
   * What was kept of a logout, once; `undefined` where nothing was. `cookie` is that of the same state.
   *
   * @throws {@link StoreUnavailableError}
   */
  async take(state: string, cookie: string | undefined): Promise<ReturnedLogout | undefined> {
    const key = stateKey(state);
    const isKept = cookie?.includes(MARK) !== true;
    const sealed = isKept
      ? await this.#operations.takeState(key)
      : cookie.slice(cookie.indexOf(MARK) + 1);
    if (sealed === undefined) return undefined;
    return sealed === '' ? {} : this.#open(key, sealed);
  }

  async #open(key: string, sealed: string): Promise<ReturnedLogout | undefined> {
    const text = await this.#encryption.open(`state:${key}`, sealed);
    return text === undefined ? undefined : returnedLogout(text);
  }
}

function returnedLogout(text: string): ReturnedLogout {
  const { returnTo } = readMembers(text);
  return typeof returnTo === 'string' ? { returnTo } : {};
}
