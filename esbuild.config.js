import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const manifestOf = (folder) => JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
const { dependencies, peerDependencies, engines } = manifestOf('.');

/** The dependencies that a CommonJS module can load by itself: the others go into the file. */
const external = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => {
  const { type, exports } = manifestOf(`node_modules/${name}`);
  return type !== 'module' || JSON.stringify(exports).includes('"require":');
});

const { metafile } = await build({
  entryPoints: ['lib/index.ts', 'lib/store/contract.ts'],
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: `node${engines.node.replace('>=', '')}`,
  external,
  // Errors are named by their classes.
  keepNames: true,
  metafile: true,
});

/** The licences of what is inside ask for their texts. */
const bundled = Object.keys(metafile.inputs).map(
  (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0],
);
const licences = [...new Set(bundled)].filter(Boolean).map((folder) => {
  const { name, version } = manifestOf(folder);
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  return `${name} ${version}\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
});
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licences.join(`\n${'-'.repeat(80)}\n\n`));
