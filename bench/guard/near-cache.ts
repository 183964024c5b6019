import { createOurs } from '../ours.ts';
import type { Variant } from '../variant.ts';
import { ourApp } from './our-app.ts';

const nearCache: Variant = (settings) =>
  ourApp(createOurs(settings, { nearCache: { maxStaleness: 5 } }));

export default nearCache;
