import express, { type RequestHandler } from 'express';
import type { TokenResponse } from '../dist/index.js';
import { bearer, postJson } from '../spec/soak/http.ts';
import { baselines } from './baselines.ts';
import { createByHand } from './by-hand.ts';
import { type Group, type HttpRequest, SATURATED, type Variant } from './group.ts';
import { createOurs, ENCRYPTED } from './ours.ts';
import { createLogins, type Tokens } from './provider.ts';

const ABOUT = `
\`POST /logout\` with a token that the guard has \`not seen\`, or \`seen\`, or whose login was \`saved\` too;
\`encrypted\` has an \`encryptionKey\`. By hand: one verification, one \`SET\`, a redirect.
`;

type Step = (login: Tokens) => HttpRequest;

const save: Step = (login) => ({ ...postJson('/save', login), status: 204 });
const use: Step = ({ access_token }) => ({
  method: 'GET',
  path: '/api',
  headers: bearer(access_token),
  status: 200,
});
const end: Step = ({ access_token }) => ({ ...postJson('/logout', { access_token }), status: 200 });

const requestsOf =
  (...steps: Step[]): Variant['createRequests'] =>
  async (signer, { length }) => {
    const logins = await createLogins(signer, length);
    return steps.map((step) => logins.map(step));
  };

const answer: RequestHandler = (_req, res) => void res.json({ redirect: null });

const ours = (history: readonly Step[], options?: typeof ENCRYPTED): Variant => ({
  createApp(settings) {
    const oidc = createOurs(settings, 'RS256', options);
    return express()
      .use('/logout', oidc.logout())
      .use('/api', oidc.guard(), (_req, res) => void res.json({ ok: true }))
      .post('/save', express.json(), async (req, res) => {
        await oidc.sessions.save(req.body as TokenResponse);
        res.sendStatus(204);
      });
  },
  createRequests: requestsOf(...history, end),
});

export const logout: Group = {
  name: 'Logout',
  load: SATURATED,
  algorithm: 'RS256',
  about: ABOUT,
  variants: {
    ...baselines('/logout', [express.json(), answer], requestsOf(end)),
    'not seen': ours([]),
    seen: ours([use]),
    saved: ours([save, use]),
    'saved, encrypted': ours([save, use], ENCRYPTED),
    'by hand': {
      createApp: (settings) => express().use('/logout', createByHand(settings, 'RS256').logout),
      createRequests: requestsOf(end),
    },
  },
};
