import type { SealedTokens } from '../invalidation/session-record.ts';
import { readMembers } from '../input/json-object.ts';
import type { Encryption } from './encryption.ts';

export interface OpenRefreshToken {
  readonly refreshToken: string | undefined;
  readonly scope: string | undefined;
}

export interface OpenTokens extends OpenRefreshToken {
  readonly idToken: string | undefined;
}

/** Seals each text for its own place in a record. */
export class SessionSeal {
  readonly #encryption: Encryption;

  constructor(encryption: Encryption) {
    this.#encryption = encryption;
  }

  /** Without a key no refresh token is kept. */
  seal(session: string, clientId: string, tokens: OpenTokens): SealedTokens {
    const { idToken, refreshToken, scope } = tokens;
    const isKept = refreshToken !== undefined && this.#encryption.isOn;
    const kept = isKept ? JSON.stringify({ refreshToken, scope }) : undefined;
    return {
      idToken: this.#seal(`id:${session}:${clientId}`, idToken),
      refreshToken: this.#seal(`refresh:${session}:${clientId}`, kept),
    };
  }

  /** `undefined` for a text sealed by an earlier key. */
  openIdToken(session: string, clientId: string, sealed: SealedTokens): string | undefined {
    return this.#open(`id:${session}:${clientId}`, sealed.idToken);
  }

  /** A text sealed by an earlier key counts as not kept. */
  openRefreshToken(session: string, clientId: string, sealed: SealedTokens): OpenRefreshToken {
    // Without a key no text of a refresh token can be one of this package.
    const kept = this.#encryption.isOn
      ? this.#open(`refresh:${session}:${clientId}`, sealed.refreshToken)
      : undefined;
    const { refreshToken, scope } = readMembers(kept ?? '');
    return { refreshToken: textOf(refreshToken), scope: textOf(scope) };
  }

  /** Never empty, because a record with an answer is kept longer. */
  sealAnswer(call: string, answer: string): string {
    return this.#encryption.seal(`logout:${call}`, `=${answer}`);
  }

  openAnswer(call: string, sealed: string): string | undefined {
    return this.#open(`logout:${call}`, sealed)?.slice(1);
  }

  #seal(place: string, text: string | undefined): string {
    return text === undefined ? '' : this.#encryption.seal(place, text);
  }

  #open(place: string, sealed: string): string | undefined {
    return sealed === '' ? undefined : this.#encryption.open(place, sealed);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
