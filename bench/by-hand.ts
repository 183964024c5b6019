import { randomBytes } from 'node:crypto';
import express, { type RequestHandler } from 'express';
import { Redis } from 'ioredis';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { AUDIENCE, CLIENT_ID } from '../spec/support/provider.ts';
import type { Settings } from './group.ts';
import { POST_LOGOUT_REDIRECT_URI } from './ours.ts';
import type { Algorithm, Tokens } from './provider.ts';

const LIFETIME = 3600;

/** The least that does the work: one verification by jose, and one command of Redis. */
export function createByHand({ issuer, redisPath }: Settings, algorithm: Algorithm) {
  const redis = new Redis(redisPath);
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));

  async function verify(token: string, audience: string) {
    const rules = { issuer, audience, algorithms: [algorithm] };
    return (await jwtVerify(token, keys, rules)).payload;
  }

  async function isRevoked(jti = ''): Promise<boolean> {
    return (await redis.get(`revoked:${jti}`)) !== null;
  }

  const guard: RequestHandler = async (req, res, next) => {
    const [, token = ''] = req.headers.authorization?.split(' ') ?? [];
    const { jti } = await verify(token, AUDIENCE);
    if (await isRevoked(jti)) res.status(401).json({ error: 'invalid_token' });
    else next();
  };

  const logout: RequestHandler = async (req, res) => {
    const { access_token } = req.body as Tokens;
    const { jti = '' } = await verify(access_token, AUDIENCE);
    await redis.set(`revoked:${jti}`, '1', 'EX', LIFETIME);
    const query = new URLSearchParams({
      client_id: CLIENT_ID,
      post_logout_redirect_uri: POST_LOGOUT_REDIRECT_URI,
      state: randomBytes(32).toString('base64url'),
    });
    res.json({ redirect: `${issuer}/logout?${query.toString()}` });
  };

  const backChannelLogout: RequestHandler = async (req, res) => {
    const { logout_token } = req.body as { logout_token: string };
    const { sid } = await verify(logout_token, CLIENT_ID);
    await redis.set(`ended:${String(sid)}`, '1', 'EX', LIFETIME);
    res.end();
  };

  async function save(tokens: Tokens): Promise<void> {
    const { sid } = await verify(tokens.id_token, CLIENT_ID);
    await redis.set(`session:${String(sid)}`, JSON.stringify(tokens), 'EX', LIFETIME);
  }

  return {
    isRevoked,
    guard: [guard],
    logout: [express.json(), logout],
    backChannelLogout: [express.urlencoded(), backChannelLogout],
    save,
  };
}
