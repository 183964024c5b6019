import { randomBytes } from 'node:crypto';
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { POST_LOGOUT_REDIRECT_URI } from '../ours.ts';
import { connectRedis } from '../redis-client.ts';
import type { Variant } from '../variant.ts';

/** The least that a logout can be: it verifies, stores, and answers a redirect. */
const floor: Variant = ({ issuer, audience, clientId, algorithm, redis: address }) => {
  const redis = connectRedis(address);
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const rules = { issuer, audience, algorithms: [algorithm] };

  return express().post('/logout', express.json(), async (req, res) => {
    const { access_token } = req.body as { access_token: string };
    const { jti = '', exp = 0 } = (await jwtVerify(access_token, keys, rules)).payload;
    await redis.set(`revoked:${jti}`, '1', 'EX', exp - Math.floor(Date.now() / 1000));
    const query = new URLSearchParams({
      client_id: clientId,
      post_logout_redirect_uri: POST_LOGOUT_REDIRECT_URI,
      state: randomBytes(32).toString('base64url'),
    });
    res.json({ redirect: `${issuer}/logout?${query.toString()}` });
  });
};

export default floor;
