const CODE = /^[A-Z][A-Z0-9_]{1,40}$/;

/**
 * One word for a failure. Messages and causes are dropped: a client's error may quote the command,
 * and with it what was to be stored.
 */
export function failureReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string' && CODE.test(error.code)) return error.code;
  if (error.cause instanceof Error) return failureReason(error.cause);
  if (error.name !== 'ReplyError') return error.name;
  // Redis begins an error with its code: OOM, NOAUTH, READONLY.
  const word = error.message.split(' ', 1)[0] ?? '';
  return CODE.test(word) ? word : error.name;
}
