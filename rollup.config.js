import { dts } from 'rollup-plugin-dts';

/** The types in one file, with those of jose inside: a CommonJS module may not import types of an ES module. */
const index = {
  input: 'lib/index.ts',
  external: /^(?:node:|express$)/,
  output: ['dist/index.d.ts', 'dist/index.d.cts'].map((file) => ({ file })),
  plugins: [
    dts({ tsconfig: 'tsconfig.build.json', includeExternal: ['jose'] }),
    { name: 'for-every-consumer', renderChunk: forEveryConsumer },
  ],
};

/** Its `Store` is that of the file above. */
const storeContract = {
  input: 'lib/store/contract.ts',
  external: /\/store\.ts$/,
  output: [
    { file: 'dist/store/contract.d.ts', paths: () => '../index.js' },
    { file: 'dist/store/contract.d.cts', paths: () => '../index.cjs' },
  ],
  plugins: [dts({ tsconfig: 'tsconfig.build.json' })],
};

export default [index, storeContract];

function forEveryConsumer(code) {
  return (
    code
      // An app need not have the types of Express.
      .replace(
        /^import .* from 'express';$/m,
        '// @ts-ignore: without @types/express it is any\n$&',
      )
      // TypeScript before 5.7 has one kind of Uint8Array.
      .replaceAll('Uint8Array<ArrayBufferLike>', 'Uint8Array')
  );
}
