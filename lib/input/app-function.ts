import { types } from 'node:util';

// Read by Express and error handlers.
const MEMBERS = ['name', 'message', 'stack', 'status', 'statusCode', 'headers', 'expose'] as const;

export async function callOption<T>(name: string, call: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw errorOf(error, `The function "${name}"`);
  }
}

/**
 * A thrown value other than an Error may be a token, so the new error tells only the name of the
 * function.
 */
export function errorOf(thrown: unknown, failed: string): Error {
  if (isError(thrown)) return thrown;
  return new Error(`${failed} failed with a value that is not an Error`);
}

/** `instanceof` for thrown values of an app, whose getters may throw. */
export function isInstance<T>(
  thrown: unknown,
  type: abstract new (...args: never[]) => T,
): thrown is T {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

function isError(thrown: unknown): thrown is Error {
  if (types.isProxy(thrown)) return false;
  if (!types.isNativeError(thrown) && !isInstance(thrown, Error)) return false;
  try {
    for (const member of MEMBERS) Reflect.get(thrown, member);
    return true;
  } catch {
    return false;
  }
}
