import express, { type RequestHandler } from 'express';
import { baselines } from './baselines.ts';
import { createByHand } from './by-hand.ts';
import { type Group, SATURATED, type Variant } from './group.ts';
import { createApp, createOurs, ENCRYPTED } from './ours.ts';
import { createLogins } from './provider.ts';
import { end, save, type Step, use } from './requests.ts';

const ABOUT = `
\`POST /logout\` with a token that the guard has \`not seen\`, or \`seen\`, or whose login was \`saved\` too;
\`encrypted\` has an \`encryptionKey\`. By hand: one verification, one \`SET\`, a redirect.
`;

const requestsOf =
  (...steps: Step[]): Variant['createRequests'] =>
  async (signer, { length }) => {
    const logins = await createLogins(signer, length);
    return steps.map((step) => logins.map(step));
  };

const answer: RequestHandler = (_req, res) => void res.json({ redirect: null });

const ours = (history: readonly Step[], options?: typeof ENCRYPTED): Variant => ({
  createApp: (settings) => createApp(createOurs(settings, 'RS256', options)),
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
