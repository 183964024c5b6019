import { writeFileSync } from 'node:fs';
import { PAGE, renderPage } from './options-reference.ts';

writeFileSync(PAGE, await renderPage());
