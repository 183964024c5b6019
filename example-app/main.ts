import { type Example, startExample } from './app.ts';
import { SettingError } from './setting-error.ts';

function tell({ url, localUrl, providerUrl }: Example): void {
  const { BASE_URL, OIDC_ISSUER, REDIS_URL } = process.env;
  console.log(`Open       ${url}`);
  if (BASE_URL) console.log(`Port       ${new URL(localUrl).port}`);
  console.log(`Provider   ${OIDC_ISSUER ? providerUrl : 'its own'}`);
  console.log(`Store      ${REDIS_URL ? 'Redis' : 'memory'}`);
  if (OIDC_ISSUER) {
    console.log('Register at the provider:');
    console.log(`           ${url}/callback (redirect URI)`);
    console.log(`           ${url}/logged-out (post-logout redirect URI)`);
    console.log(`           ${url}/oidc/back-channel-logout (back-channel logout URI)`);
    console.log('or, only where it has no back channel:');
    console.log(`           ${url}/oidc/front-channel-logout (front-channel logout URI)`);
  }
}

try {
  const example = await startExample(process.env);
  tell(example);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void example.close());
  }
} catch (error) {
  if (!(error instanceof SettingError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
