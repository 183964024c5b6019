import { isSecureUrl } from '../input/secure-url.ts';
import { type Document, DocumentError, fetchDocument } from './document.ts';
import { type Finding, fine, wrong } from './finding.ts';

const SMALLEST_RSA_KEY = 2048;
const FEATURE = 'Keys';

type Key = Readonly<Record<string, unknown>>;

export async function examineKeys(jwksUri: unknown, allowInsecure: boolean): Promise<Finding> {
  if (!isSecureUrl(jwksUri, allowInsecure)) {
    return wrong(FEATURE, 'There is no usable "jwks_uri": no token can be verified.');
  }
  try {
    return judgeKeys(signatureKeys(await fetchDocument(jwksUri)));
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return wrong(FEATURE, error.message);
  }
}

function signatureKeys({ keys }: Document): Key[] {
  if (!Array.isArray(keys)) return [];
  const objects = keys.map((key: unknown) => Object(key) as Key);
  return objects.filter(({ use = 'sig' }) => use === 'sig').filter((key) => kindOf(key) !== '');
}

function judgeKeys(keys: readonly Key[]): Finding {
  if (keys.length === 0) return wrong(FEATURE, 'There is no key for signatures.');
  const smallest = Math.min(...keys.filter(({ kty }) => kty === 'RSA').map(bitsOf));
  if (smallest < SMALLEST_RSA_KEY) {
    const rule = `less than ${SMALLEST_RSA_KEY} is refused`;
    return wrong(FEATURE, `An RSA key has ${smallest} bits: ${rule}.`);
  }
  return fine(FEATURE, `For signatures: ${[...new Set(keys.map(kindOf))].join(', ')}.`);
}

const CURVES: readonly unknown[] = ['P-256', 'P-384', 'P-521', 'Ed25519'];

/** Empty for keys of an unsupported kind. */
function kindOf(key: Key): string {
  if (key.kty === 'RSA') return `RSA ${bitsOf(key)}`;
  if (key.kty === 'AKP') return 'ML-DSA';
  return CURVES.includes(key.crv) ? String(key.crv) : '';
}

function bitsOf({ n }: Key): number {
  const modulus = typeof n === 'string' ? Buffer.from(n, 'base64url').toString('hex') : '';
  const digits = modulus.replace(/^0+/, '');
  return digits === '' ? 0 : 4 * digits.length - Math.clz32(parseInt(digits[0] ?? '', 16)) + 28;
}
