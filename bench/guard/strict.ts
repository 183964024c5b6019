import { createOurs } from '../ours.ts';
import type { Variant } from '../variant.ts';
import { ourApp } from './our-app.ts';

const strict: Variant = (settings) => ourApp(createOurs(settings));

export default strict;
