import type { Express } from 'express';
import type { OidcLogout } from '../../dist/index.js';
import { guardedApp } from './guarded-app.ts';

/** The guarded API with the logout that fills the list. */
export function ourApp(oidc: OidcLogout): Express {
  return guardedApp(oidc.guard()).use('/logout', oidc.logout());
}
