import { spawnSync } from 'node:child_process';

const OLDEST_JAVA = 17;

/** Says of what Keycloak needs which is not here. */
export function missingPrograms(): string[] {
  const missing = [];
  if (javaVersion() < OLDEST_JAVA) missing.push(`Java ${OLDEST_JAVA} or later`);
  if (spawnSync('mvn', ['-version']).status !== 0) missing.push('Maven');
  return missing;
}

function javaVersion(): number {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
}
