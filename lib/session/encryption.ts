import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG = { authTagLength: 16 };

const JWE = /^eyJ[\w-]*(?:\.[\w-]*){4}$/;
// Without an encrypted key; the vector has 12 bytes and the tag 16.
const SEALED = /^([\w-]+)\.\.([\w-]{16})\.([\w-]*)\.([\w-]{22})$/;

/**
 * JWE with `dir` and `A256GCM` (RFC 7516), when there is a key. The key of the record is
 * authenticated too, so that a record cannot take another record's place. By Node's own cipher in
 * this turn: the Web Cryptography of jose would cost a logout four hand-overs to other threads.
 */
export class Encryption {
  readonly #key: KeyObject | undefined;

  constructor(key: Uint8Array | undefined) {
    this.#key = key && createSecretKey(key);
  }

  get isOn(): boolean {
    return this.#key !== undefined;
  }

  seal(recordKey: string, text: string): string {
    if (this.#key === undefined) return text;
    const header = headerFor(recordKey);
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv, TAG).setAAD(Buffer.from(header));
    const content = cipher.update(text, 'utf8', 'base64url') + cipher.final('base64url');
    const segments = [header, '', base64url(iv), content, base64url(cipher.getAuthTag())];
    return segments.join('.');
  }

  /** `undefined` where another key or another record sealed the text. */
  open(recordKey: string, sealed: string): string | undefined {
    if (this.#key === undefined) return JWE.test(sealed) ? undefined : sealed;
    const [, header, iv = '', content = '', tag = ''] = SEALED.exec(sealed) ?? [];
    if (header !== headerFor(recordKey)) return undefined;
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, Buffer.from(iv, 'base64url'), TAG)
        .setAAD(Buffer.from(header))
        .setAuthTag(Buffer.from(tag, 'base64url'));
      return decipher.update(content, 'base64url', 'utf8') + decipher.final('utf8');
    } catch {
      return undefined;
    }
  }
}

function headerFor(record: string): string {
  return base64url(Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM', record })));
}

function base64url(bytes: Buffer): string {
  return bytes.toString('base64url');
}
