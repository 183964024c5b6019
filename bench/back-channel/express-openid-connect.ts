import { randomBytes } from 'node:crypto';
import express from 'express';
import { auth, type SessionStore, type SessionStorePayload } from 'express-openid-connect';
import { connectRedis } from '../redis-client.ts';
import type { RedisAddress } from '../settings.ts';
import type { Variant } from '../variant.ts';

type Entry = Pick<SessionStorePayload, 'cookie'>;

function createStore(address: RedisAddress): SessionStore<Entry> {
  const redis = connectRedis(address);
  const keyOf = (id: string) => `ended:${id}`;
  return {
    get(id, callback) {
      redis.get(keyOf(id)).then((found) => {
        callback(null, found === null ? null : (JSON.parse(found) as SessionStorePayload<Entry>));
      }, callback);
    },
    set(id, entry, callback = () => undefined) {
      const stored = redis.set(keyOf(id), JSON.stringify(entry), 'PX', entry.cookie.maxAge);
      stored.then(() => {
        callback();
      }, callback);
    },
    destroy(id, callback = () => undefined) {
      redis.del(keyOf(id)).then(() => {
        callback();
      }, callback);
    },
  };
}

const expressOpenidConnect: Variant = ({ issuer, clientId, redis }) =>
  express().use(
    auth({
      issuerBaseURL: issuer,
      baseURL: 'https://app.example.com',
      clientID: clientId,
      secret: randomBytes(32).toString('base64url'),
      authRequired: false,
      backchannelLogout: { store: createStore(redis) },
    }),
  );

export default expressOpenidConnect;
