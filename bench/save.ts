import express, { type RequestHandler } from 'express';
import { baselines } from './baselines.ts';
import { createByHand } from './by-hand.ts';
import { type Group, SATURATED, type Settings, type Variant } from './group.ts';
import { createOurs, ENCRYPTED } from './ours.ts';
import { createLogins, type Tokens } from './provider.ts';
import { save as saveRequest } from './requests.ts';

const ABOUT = `
\`sessions.save\` behind a \`POST\`; \`encrypted\` has an \`encryptionKey\`, and keeps the refresh token too. By hand: one
verification, one \`SET\`.
`;

const createRequests: Variant['createRequests'] = async (signer, { length }) => {
  const logins = await createLogins(signer, length);
  return [logins.map(saveRequest)];
};

const answer: RequestHandler = (_req, res) => void res.sendStatus(204);

type Save = (tokens: Tokens) => Promise<void>;

const variant = (createSave: (settings: Settings) => Save): Variant => ({
  createApp(settings) {
    const save = createSave(settings);
    const handler: RequestHandler = async (req, _res, next) => {
      await save(req.body as Tokens);
      next();
    };
    return express().use('/save', express.json(), handler, answer);
  },
  createRequests,
});

const ours = (options?: typeof ENCRYPTED): Variant =>
  variant((settings) => {
    const { sessions } = createOurs(settings, 'RS256', options);
    return (tokens) => sessions.save(tokens);
  });

export const save: Group = {
  name: 'Save',
  load: SATURATED,
  algorithm: 'RS256',
  about: ABOUT,
  variants: {
    ...baselines('/save', [express.json(), answer], createRequests),
    ours: ours(),
    'ours, encrypted': ours(ENCRYPTED),
    'by hand': variant((settings) => createByHand(settings, 'RS256').save),
  },
};
