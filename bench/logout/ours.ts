import express from 'express';
import type { TokenResponse } from '../../dist/index.js';
import { ourApp } from '../guard/our-app.ts';
import { createOurs } from '../ours.ts';
import type { Variant } from '../variant.ts';

const ours: Variant = (settings) => {
  const oidc = createOurs(settings);
  return ourApp(oidc).post('/save', express.json(), async (req, res) => {
    await oidc.sessions.save(req.body as TokenResponse);
    res.sendStatus(204);
  });
};

export default ours;
