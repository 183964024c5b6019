import type { RequestListener } from 'node:http';
import type { Settings } from './settings.ts';

/** What the module of a variant exports by default. */
export type Variant = (settings: Settings) => RequestListener;
