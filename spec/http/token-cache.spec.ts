import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { appWith, optionsFor } from '../support/app.ts';
import { AUDIENCE, CLIENT_ID, createSigner, type Signer } from '../support/provider.ts';

const MEBIBYTE = 1024 * 1024;
const TOKENS = 620;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function heapInUse(): Promise<number> {
  // What a turn of the event loop still holds is let go by the next one.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe('verified tokens', () => {
  let signer: Signer;

  beforeAll(async () => {
    signer = await createSigner('https://op.example.com', { alg: 'EdDSA' });
  });

  function createToken(serial: number): Promise<string> {
    const roles = Array.from({ length: 760 }, (_, index) => `role-${serial}-${index}`);
    const claims = { aud: AUDIENCE, sub: 'alice', client_id: CLIENT_ID, roles };
    return signer.sign(claims, { typ: 'at+jwt' });
  }

  /** The mebibytes by which the heap grows while so many tokens are let in. */
  async function growth(tokenCacheSize: number): Promise<number> {
    const options = { tokenCacheSize, provider: { algorithms: ['EdDSA'] } };
    const { app, oidc } = appWith(optionsFor(signer, options));
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const admit = async (from: number, to: number) => {
      for (let serial = from; serial < to; serial++) {
        const headers = { Authorization: `Bearer ${await createToken(serial)}` };
        const answer = await fetch(`http://127.0.0.1:${port}/api`, { headers });
        expect(answer.status).toBe(200);
        await answer.arrayBuffer();
      }
    };
    await admit(0, 50);
    const before = await heapInUse();
    await admit(50, TOKENS);
    const grown = (await heapInUse()) - before;
    server.closeAllConnections();
    server.close();
    await oidc.close();
    return grown / MEBIBYTE;
  }

  it('of 15 kB stay within tokenCacheSize', async () => {
    expect(await growth(2 * MEBIBYTE)).toBeLessThan(4);
  }, 60_000);

  it('are kept where there is room', async () => {
    expect(await growth(64 * MEBIBYTE)).toBeGreaterThan(15);
  }, 60_000);
});
