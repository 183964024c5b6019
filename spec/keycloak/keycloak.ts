import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { REPOSITORY } from '../support/consumer-project.ts';

const VERSION = '26.7.3';
const UNPACK = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack';
const CACHE = join(REPOSITORY, 'node_modules/.cache/keycloak');
const HOME = join(CACHE, `keycloak-${VERSION}`);
const LISTENING = /Listening on: (http:\S+) and (https:\S+)$/;

/** The client of the admin API. Only this machine can reach the server. */
export const ADMIN = { client_id: 'specs', client_secret: 'specs' };

export interface Keycloak extends Addresses {
  stop(): Promise<void>;
}

interface Addresses {
  readonly url: string;
  /** Where clients may present a certificate. */
  readonly httpsUrl: string;
}

/** Starts the server on loopback. Its database stays, so that the next start is quick. */
export async function startKeycloak(certificates: string): Promise<Keycloak> {
  if (!existsSync(HOME)) unpack();
  const certificate = join(certificates, 'server');
  const server = spawn(
    join(HOME, 'bin/kc.sh'),
    [
      ...['start-dev', '--http-host=127.0.0.1', '--http-port=0', '--https-port=0'],
      `--https-certificate-file=${certificate}.pem`,
      `--https-certificate-key-file=${certificate}.key`,
      `--truststore-paths=${join(certificates, 'authority.pem')}`,
      '--https-client-auth=request',
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx384m',
        JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
        KC_BOOTSTRAP_ADMIN_CLIENT_ID: ADMIN.client_id,
        KC_BOOTSTRAP_ADMIN_CLIENT_SECRET: ADMIN.client_secret,
      },
    },
  );
  return { ...(await addressesOf(server)), stop: () => stop(server) };
}

/** Maven keeps the archive. An unpacking that was interrupted leaves no server. */
function unpack(): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'unpacked-'));
  const artifact = `org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`;
  const args = ['-q', '-B', UNPACK, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`];
  // Maven leaves a mark where it runs.
  execFileSync('mvn', args, { cwd: folder, stdio: 'inherit' });
  renameSync(join(folder, basename(HOME)), HOME);
  rmSync(folder, { recursive: true });
}

async function addressesOf({ stdout }: ChildProcess): Promise<Addresses> {
  if (stdout === null) throw new Error('Keycloak has no output');
  const log: string[] = [];
  for await (const line of createInterface(stdout)) {
    log.push(line);
    const [, url, httpsUrl] = LISTENING.exec(line) ?? [];
    if (url === undefined || httpsUrl === undefined) continue;
    stdout.resume();
    return { url, httpsUrl };
  }
  throw new Error(`Keycloak did not start:\n${log.join('\n')}`);
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = once(server, 'exit');
  server.kill();
  await exit;
}
