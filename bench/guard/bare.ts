import type { Variant } from '../variant.ts';
import { guardedApp } from './guarded-app.ts';

const bare: Variant = () => guardedApp();

export default bare;
