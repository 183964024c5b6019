import { types } from 'node:util';

// What Express and the error handlers of apps look at.
const MEMBERS = ['name', 'message', 'stack', 'status', 'statusCode', 'headers', 'expose'] as const;

/** Calls a function that the app handed in as an option, and waits for what it promises. */
export async function callOption<T>(name: string, call: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw errorOf(error, `The function "${name}"`);
  }
}

/** What was thrown, if it is an Error; else one that names only what failed: the value may be a token. */
export function errorOf(thrown: unknown, failed: string): Error {
  if (isError(thrown)) return thrown;
  return new Error(`${failed} failed with a value that is not an Error`);
}

/** `instanceof` for what an app has thrown, which may throw once more when it is looked at. */
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
