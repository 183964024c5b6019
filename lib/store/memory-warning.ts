export function warnOfMemory(): void {
  if (process.env.NODE_ENV !== 'production') return;
  process.emitWarning(
    'Logouts are kept in the memory of this process: other processes do not know them, and a restart forgets them. Set the option "redis"',
    { code: 'EXPRESS_OIDC_LOGOUT_MEMORY_STORE' },
  );
}
