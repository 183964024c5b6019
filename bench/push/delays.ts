import { apiRequest, type HttpRequest, jsonRequest } from '../requests.ts';
import { KeepAliveClient } from './keep-alive-client.ts';

const LONGEST_MS = 10_000;

/**
 * Measures for each token how long after its logout was answered at one server another one still lets
 * it pass, in milliseconds.
 */
export async function measureDelays(
  from: string,
  to: string,
  accessTokens: readonly string[],
): Promise<number[]> {
  const [logout, api] = [new KeepAliveClient(from), new KeepAliveClient(to)];
  const delays: number[] = [];
  for (const access_token of accessTokens) {
    const request = apiRequest(access_token);
    for (let use = 0; use < 2; use += 1) await expectOk(api, request);
    await expectOk(logout, jsonRequest('/logout', { access_token }));
    delays.push(await timeUntilRefused(api, request));
  }
  logout.close();
  api.close();
  return delays;
}

async function expectOk(client: KeepAliveClient, request: HttpRequest): Promise<void> {
  const status = await client.send(request);
  if (status !== 200) throw new Error(`${request.path} answered ${status}`);
}

async function timeUntilRefused(client: KeepAliveClient, request: HttpRequest): Promise<number> {
  const start = performance.now();
  for (;;) {
    const status = await client.send(request);
    const elapsed = performance.now() - start;
    if (status === 401) return elapsed;
    if (status !== 200) throw new Error(`${request.path} answered ${status}`);
    if (elapsed > LONGEST_MS) throw new Error('The logout never arrived');
  }
}
