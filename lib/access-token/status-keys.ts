import type { Login } from '../invalidation/login.ts';
import type { Key } from '../store/operations.ts';

/** The claims that an owner of tokens is known by, each as a digest. */
interface OwnerKeys {
  readonly verdict: Key | undefined;
  readonly cutOff: Key | undefined;
}

/** What tells the status of one token. The keys are made once, and compared as objects. */
export interface StatusKeys {
  readonly entry: Key | undefined;
  /** By the token's own `sid` and `sub`. */
  readonly own: OwnerKeys;
  /** By the login that has the token, once the login is known. */
  readonly login: OwnerKeys | undefined;
  readonly all: readonly Key[];
  readonly digests: readonly string[];
}

/** A token's own digests. */
export interface TokenDigests {
  readonly key: string | undefined;
  readonly subjectKey: string | undefined;
  readonly sessionKey: string | undefined;
}

export const EPOCH: Key = { kind: 'epoch' };

export function ownStatusKeys({ key, subjectKey, sessionKey }: TokenDigests): StatusKeys {
  const own = { verdict: keyOf('verdict', sessionKey), cutOff: keyOf('cut-off', subjectKey) };
  return statusKeys(keyOf('access-token', key), own);
}

export function withLogin(keys: StatusKeys, { session, subject }: Login): StatusKeys {
  const { entry, own, login } = keys;
  if (isOf(login?.verdict, session) && isOf(login?.cutOff, subject)) return keys;
  return statusKeys(entry, own, {
    verdict: isOf(own.verdict, session) ? own.verdict : { kind: 'verdict', of: session },
    cutOff: isOf(own.cutOff, subject) ? own.cutOff : { kind: 'cut-off', of: subject },
  });
}

function statusKeys(entry: Key | undefined, own: OwnerKeys, login?: OwnerKeys): StatusKeys {
  const verdicts = [own.verdict, login?.verdict];
  const cutOffs = [own.cutOff, login?.cutOff];
  const all = [...new Set([EPOCH, entry, ...verdicts, ...cutOffs])].filter(
    (key) => key !== undefined,
  );
  const digests = all.flatMap((key) => (key.kind === 'epoch' ? [] : [key.of]));
  return { entry, own, login, all, digests };
}

function keyOf(kind: 'access-token' | 'verdict' | 'cut-off', of: string | undefined) {
  return of === undefined ? undefined : { kind, of };
}

function isOf(key: Key | undefined, digest: string): boolean {
  return key !== undefined && key.kind !== 'epoch' && key.of === digest;
}
