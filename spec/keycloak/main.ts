import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificates } from './certificates.ts';
import { startKeycloak } from './keycloak.ts';
import { missingPrograms } from './programs.ts';
import { Realm } from './realm.ts';

/** EX_UNAVAILABLE of sysexits.h. */
const UNAVAILABLE = 69;
const JEST = ['node_modules/jest/bin/jest.js', '--config', 'spec/keycloak/jest.config.js'];

const missing = missingPrograms();
if (missing.length > 0) {
  console.log(`The specs with Keycloak do not run: they need ${missing.join(' and ')}`);
  process.exit(UNAVAILABLE);
}

const certificates = mkdtempSync(join(tmpdir(), 'certificates-'));
try {
  createCertificates(certificates);
  await runSpecs();
} finally {
  rmSync(certificates, { recursive: true });
}

async function runSpecs(): Promise<void> {
  const keycloak = await startKeycloak(certificates);
  try {
    const { url, httpsUrl } = keycloak;
    const realm = await Realm.create(url);
    const jest = spawn(process.execPath, [...JEST, ...process.argv.slice(2)], {
      stdio: 'inherit',
      env: {
        ...process.env,
        ...{ KEYCLOAK_URL: url, KEYCLOAK_HTTPS_URL: httpsUrl, KEYCLOAK_REALM: realm.name },
        KEYCLOAK_CERTIFICATES: certificates,
        NODE_EXTRA_CA_CERTS: join(certificates, 'authority.pem'),
      },
    });
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => jest.kill());
    const [status] = (await once(jest, 'exit')) as [number | null];
    process.exitCode = status ?? 1;
    if (status !== null) await realm.delete();
  } finally {
    await keycloak.stop();
  }
}
