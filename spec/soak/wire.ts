import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { type Answer, LONGEST_MS, without } from './answer.ts';

/** A request that only a socket can send: its lines and the parts of its body, as they are. */
export interface WireRequest {
  readonly lines: readonly string[];
  readonly parts?: readonly string[];
  /** What this side does then: wait for the answer, end its half, or leave. */
  readonly then?: 'wait' | 'end' | 'leave';
}

const PAUSE_MS = 100;

/** Sends a request over a connection of its own, byte by byte as it is given. */
export async function sendOnWire(port: number, request: WireRequest): Promise<Answer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.setTimeout(LONGEST_MS, () => socket.destroy(new DOMException('', 'TimeoutError')));
  const received = text(socket);
  received.catch(() => undefined);
  try {
    await write(socket, request);
    return request.then === 'leave' ? without('left') : parseAnswer(await received);
  } finally {
    socket.destroy();
  }
}

async function write(socket: Socket, { lines, parts = [], then }: WireRequest): Promise<void> {
  socket.write([...lines, 'Host: 127.0.0.1', 'Connection: close', '', ''].join('\r\n'));
  for (const [index, part] of parts.entries()) {
    if (index > 0) await wait(PAUSE_MS);
    socket.write(part);
  }
  if (then === 'end') socket.end();
  // What was written has left this process.
  if (then === 'leave') await new Promise((resolve) => socket.write('', resolve));
}

function parseAnswer(content: string): Answer {
  const [head = '', ...rest] = content.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1];
  if (status === undefined) return without('closed');
  const headers = lines.map((line) => line.split(/: (.*)/, 2));
  return {
    status: Number(status),
    headers: Object.fromEntries(headers.map(([name = '', value]) => [name.toLowerCase(), value])),
    body: rest.join('\r\n\r\n'),
  };
}
