const CODE = /^[A-Z][A-Z0-9_]{1,40}$/;
const NAME = /^[A-Za-z][A-Za-z0-9_]{1,40}$/;

/**
 * One word for a failure. Messages and causes are dropped: a client's error may quote the command,
 * and with it what was to be stored.
 */
export function failureReason(error: unknown): string {
  try {
    return reasonOf(error);
  } catch {
    // What an app's own function throws may throw when it is looked at.
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

// Not by its class: that of another realm has another one.
function isErrorLike(error: unknown): error is ErrorLike {
  const { name, message } = Object(error) as Partial<Record<string, unknown>>;
  return typeof name === 'string' && typeof message === 'string';
}
