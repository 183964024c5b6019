import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import type { SessionEndedEvent } from '../../lib/index.ts';
import { compiled } from './compiled.ts';
import { type SessionApp, type SessionAppSettings, startSessionApp } from './session-app.ts';

/** An app in a process of its own, which can die and start again. */
export interface SessionProcess extends SessionApp {
  readonly isAlive: boolean;
  readonly kill: () => void;
  /** Resolves when it listens again. */
  restart(): Promise<void>;
}

interface Settings extends SessionAppSettings {
  readonly redisPath: string;
}

const IS_CHILD = 'SESSION_PROCESS';

export async function startSessionProcess({
  signer: { issuer, jwk },
  ...settings
}: Settings): Promise<SessionProcess> {
  const told: SessionEndedEvent[] = [];
  const text = JSON.stringify({ ...settings, signer: { issuer, jwk } });
  let child: ChildProcess;
  let url = '';

  async function start(): Promise<void> {
    const running = spawn(process.execPath, [compiled('spec/support/session-process.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH ?? '', [IS_CHILD]: text },
    });
    child = running;
    const lines = createInterface(running.stdout);
    url = await new Promise<string>((resolve, reject) => {
      lines.on('line', (line) => {
        const said = JSON.parse(line) as { url: string } | SessionEndedEvent;
        if ('url' in said) resolve(said.url);
        else told.push(said);
      });
      running.once('exit', () => {
        reject(new Error('The process ended before it listened'));
      });
    });
  }

  const isAlive = () => child.exitCode === null && child.signalCode === null;

  async function close(): Promise<void> {
    if (!isAlive()) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  await start();
  return {
    told,
    get url() {
      return url;
    },
    get isAlive() {
      return isAlive();
    },
    kill: () => void child.kill('SIGKILL'),
    async restart() {
      await close();
      await start();
    },
    close,
  };
}

const given = process.env[IS_CHILD];
if (given !== undefined) {
  const { redisPath, ...settings } = JSON.parse(given) as Settings;
  const say = (said: object) => process.stdout.write(`${JSON.stringify(said)}\n`);
  const redis = new Redis({ path: redisPath }).on('error', () => undefined);
  const { url } = await startSessionApp(redis, settings, say);
  say({ url });
}
