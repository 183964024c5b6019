import { spawnSync } from 'node:child_process';

const OLDEST_JAVA = 17;
const OLDEST_OPENSSL = 3;

/** Says of what Keycloak needs which is not here. */
export function missingPrograms(): string[] {
  const missing = [];
  if (javaVersion() < OLDEST_JAVA) missing.push(`Java ${OLDEST_JAVA} or later`);
  if (spawnSync('mvn', ['-version']).status !== 0) missing.push('Maven');
  if (openSslVersion() < OLDEST_OPENSSL) missing.push(`OpenSSL ${OLDEST_OPENSSL} or later`);
  return missing;
}

function javaVersion(): number {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
}

function openSslVersion(): number {
  const { stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  return Number(/^OpenSSL (\d+)/.exec(stdout)?.[1] ?? 0);
}
