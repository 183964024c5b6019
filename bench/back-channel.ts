import { randomUUID } from 'node:crypto';
import express, { type RequestHandler } from 'express';
import { postForm } from '../spec/soak/http.ts';
import { baselines } from './baselines.ts';
import { createByHand } from './by-hand.ts';
import { type Group, SATURATED, type Variant } from './group.ts';
import { createOurs } from './ours.ts';
import { expressOpenidConnect } from './peers.ts';

const PATH = '/backchannel-logout';

const ABOUT = `
A Logout Token with \`sub\` and \`sid\`. express-openid-connect has a store on Redis. By hand: one verification, one
\`SET\`.
`;

const requestsOf =
  (status: number): Variant['createRequests'] =>
  async (signer, steady) => {
    const requests = steady.map(async () => {
      const logout_token = await signer.logoutToken({ sub: randomUUID(), sid: randomUUID() });
      return { ...postForm(PATH, { logout_token }), status };
    });
    return [await Promise.all(requests)];
  };

const answer: RequestHandler = (_req, res) => void res.end();

export const backChannel: Group = {
  name: 'Back channel',
  load: SATURATED,
  algorithm: 'RS256',
  about: ABOUT,
  variants: {
    ...baselines(PATH, [express.urlencoded(), answer], requestsOf(200)),
    ours: {
      createApp: (settings) =>
        express().use(PATH, createOurs(settings, 'RS256').backChannelLogout()),
      createRequests: requestsOf(200),
    },
    'by hand': {
      createApp: (settings) =>
        express().use(PATH, createByHand(settings, 'RS256').backChannelLogout),
      createRequests: requestsOf(200),
    },
    'express-openid-connect': {
      createApp: (settings) => express().use(expressOpenidConnect(settings)),
      createRequests: requestsOf(204),
    },
  },
};
