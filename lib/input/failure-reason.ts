const CODE = /^[A-Z][A-Z0-9_]{1,40}$/;
const NAME = /^[A-Za-z][A-Za-z0-9_]{1,40}$/;

/**
 * One word. Messages and causes are dropped: a client's error may quote the command with its
 * values.
 */
export function failureReason(error: unknown): string {
  try {
    return reasonOf(error);
  } catch {
    // A getter of an app's thrown value may throw.
    return 'unknown';
  }
}

function reasonOf(error: unknown): string {
  if (!isErrorLike(error)) return 'unknown';
  if (typeof error.code === 'string' && CODE.test(error.code)) return error.code;
  if (isErrorLike(error.cause)) return reasonOf(error.cause);
  if (error.name !== 'ReplyError') return NAME.test(error.name) ? error.name : 'unknown';
  // Redis begins an error with its code: OOM, NOAUTH, READONLY.
  const word = error.message.split(' ', 1)[0] ?? '';
  return CODE.test(word) ? word : error.name;
}

interface ErrorLike {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly cause?: unknown;
}

// An error of another realm has another class.
function isErrorLike(error: unknown): error is ErrorLike {
  const { name, message } = Object(error) as Partial<Record<string, unknown>>;
  return typeof name === 'string' && typeof message === 'string';
}
