import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A port on loopback for a server on a unix socket: for clients that know no other address. */
export interface SocketPort {
  readonly port: number;
  close(): Promise<void>;
}

export async function startSocketPort(path: string): Promise<SocketPort> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(path);
    for (const socket of [client, target]) {
      sockets.add(socket.on('error', () => undefined));
      socket.once('close', () => sockets.delete(socket));
    }
    client.pipe(target).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
