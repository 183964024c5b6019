import { readMembers } from '../input/json-object.ts';
import type { Encryption } from '../session/encryption.ts';
import type { Operations } from '../store/operations.ts';
import { stateKey } from '../token/token-keys.ts';

export interface BoundState {
  /** Empty where the provider sends no `state` back. */
  readonly state: string;
  readonly cookie: string | undefined;
}

export interface ReturnedLogout {
  readonly returnTo?: string | undefined;
}

// Seconds. The provider may ask the user first, and the user may take a while.
export const STATE_LIFETIME = 60 * 60;
// Separates a `state` in a cookie from its sealed value. No `state` contains this character.
const MARK = '~';
const NO_STATE: BoundState = { state: '', cookie: undefined };

/**
 * The `state` of a logout, good for one return. The store keeps the `state`, or the browser's
 * cookie where nothing ended.
 */
export class PostLogoutStates {
  readonly #operations: Operations;
  readonly #encryption: Encryption;

  constructor(operations: Operations, encryption: Encryption) {
    this.#operations = operations;
    this.#encryption = encryption;
  }

  async keep(state: string, returnTo: string | undefined): Promise<BoundState> {
    if (state === '') return NO_STATE;
    const key = stateKey(state);
    await this.#operations.keepState(key, this.#seal(key, returnTo), STATE_LIFETIME);
    return { state, cookie: state };
  }

  /** Keeps a state in the cookie alone. Without a key the place to return to is lost. */
  unkept(state: string, returnTo: string | undefined): BoundState {
    if (state === '') return NO_STATE;
    const isSealed = returnTo !== undefined && this.#encryption.isOn;
    const sealed = isSealed ? this.#seal(stateKey(state), returnTo) : '';
    return { state, cookie: state + MARK + sealed };
  }

  async drop(state: string): Promise<void> {
    if (state !== '') await this.#operations.takeState(stateKey(state));
  }

  stateOf(cookie: string): string {
    return cookie.split(MARK, 1)[0] ?? '';
  }

  /**
   * Answers the kept logout once. `cookie` is the cookie of the same state.
   *
   * @throws {@link StoreUnavailableError}
   */
  async take(state: string, cookie: string | undefined): Promise<ReturnedLogout | undefined> {
    const key = stateKey(state);
    const isKept = cookie?.includes(MARK) !== true;
    if (isKept) {
      const sealed = await this.#operations.takeState(key);
      return sealed === undefined ? undefined : this.#open(key, sealed);
    }
    const sealed = cookie.slice(cookie.indexOf(MARK) + 1);
    // Without a key anybody who can plant a cookie would choose the place.
    return sealed === '' || !this.#encryption.isOn ? {} : this.#open(key, sealed);
  }

  #seal(key: string, returnTo: string | undefined): string {
    return this.#encryption.seal(`state:${key}`, JSON.stringify({ returnTo }));
  }

  #open(key: string, sealed: string): ReturnedLogout | undefined {
    const text = this.#encryption.open(`state:${key}`, sealed);
    return text === undefined ? undefined : returnedLogout(text);
  }
}

function returnedLogout(text: string): ReturnedLogout {
  const { returnTo } = readMembers(text);
  return typeof returnTo === 'string' ? { returnTo } : {};
}
