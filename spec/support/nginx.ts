import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findProgram } from './require-programs.js';
import { startSocketPort } from './socket-port.ts';

/** An nginx of its own process, with the sizes and times that it has by default. */
export interface Nginx {
  readonly url: string;
  /** What nginx has told of errors. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

export function hasNginx(): boolean {
  return findProgram(['nginx']) !== undefined;
}

/** Puts an nginx in front of the server at `upstream`. */
export async function startNginx(upstream: string): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'nginx-'));
  await writeFile(join(folder, 'nginx.conf'), configuration(folder, upstream));
  const errors: string[] = [];
  const server = await run(folder, errors);
  const socket = await startSocketPort(() => ({ path: join(folder, 'nginx.sock') }));
  return {
    url: `http://localhost:${socket.port}`,
    errors,
    async close() {
      await socket.close();
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const BODIES = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** One process in the foreground, which keeps everything in its folder. */
function configuration(folder: string, upstream: string): string {
  const paths = BODIES.map((name) => `${name}_temp_path ${folder}/${name};`);
  return `
    daemon off;
    master_process off;
    pid ${folder}/nginx.pid;
    error_log stderr notice;
    events {}
    http {
      access_log off;
      ${paths.join(' ')}
      server {
        listen unix:${folder}/nginx.sock;
        location / {
          proxy_pass ${upstream};
          proxy_set_header Host $http_host;
        }
      }
    }`;
}

async function run(folder: string, errors: string[]): Promise<ChildProcess> {
  const args = ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'];
  const server = spawn('nginx', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = createInterface({ input: server.stderr });
  const ready = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      // The sockets listen by the time when nginx tells of its limits.
      if (line.includes('getrlimit')) resolve();
      if (/\[(?:error|crit|alert|emerg)\]/.test(line)) errors.push(line);
    });
    server.once('error', reject);
    server.once('exit', () => {
      reject(new Error(`nginx ended before it was ready: ${errors.join('\n')}`));
    });
  });
  await ready;
  return server;
}
