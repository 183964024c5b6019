import { CompactEncrypt, compactDecrypt } from 'jose';

const JWE = /^eyJ[\w-]*(?:\.[\w-]*){4}$/;

/**
 * JWE with `dir` and `A256GCM`, when there is a key. The key of the record is authenticated too, so
 * that a record cannot take another record's place.
 */
export class Encryption {
  /** Imported once: jose would import bytes for each token. */
  readonly #key: Promise<CryptoKey> | undefined;

  constructor(key: Uint8Array | undefined) {
    const usages = ['encrypt', 'decrypt'] as const;
    this.#key =
      key && crypto.subtle.importKey('raw', Uint8Array.from(key), 'AES-GCM', false, usages);
  }

  get isOn(): boolean {
    return this.#key !== undefined;
  }

  async seal(recordKey: string, text: string): Promise<string> {
    if (this.#key === undefined) return text;
    return new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', record: recordKey })
      .encrypt(await this.#key);
  }

  /** `undefined` where another key or another record sealed the text. */
  async open(recordKey: string, sealed: string): Promise<string | undefined> {
    if (this.#key === undefined) return JWE.test(sealed) ? undefined : sealed;
    try {
      const { plaintext, protectedHeader } = await compactDecrypt(sealed, await this.#key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return protectedHeader.record === recordKey ? new TextDecoder().decode(plaintext) : undefined;
    } catch {
      return undefined;
    }
  }
}
