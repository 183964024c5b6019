import { once } from 'node:events';
import {
  type AddressInfo,
  connect,
  createServer,
  type NetConnectOpts,
  type Socket,
} from 'node:net';

/** A port on loopback for a server elsewhere: on a unix socket, or on a port that is known later. */
export interface SocketPort {
  readonly port: number;
  close(): Promise<void>;
}

export async function startSocketPort(target: () => NetConnectOpts): Promise<SocketPort> {
  const sockets = new Set<Socket>();
  const port = createServer((client) => {
    const server = connect(target());
    for (const socket of [client, server]) {
      sockets.add(socket.on('error', () => undefined));
      socket.once('close', () => sockets.delete(socket));
    }
    client.pipe(server).pipe(client);
  });
  port.listen(0, '127.0.0.1');
  await once(port, 'listening');
  return {
    port: (port.address() as AddressInfo).port,
    async close() {
      port.close();
      for (const socket of sockets) socket.destroy();
      await once(port, 'close');
    },
  };
}
