import type { Variant } from '../variant.ts';
import { guardedApp } from './guarded-app.ts';

/** What Express takes for any middleware. */
const passThrough: Variant = () =>
  guardedApp((_req, _res, next) => {
    next();
  });

export default passThrough;
