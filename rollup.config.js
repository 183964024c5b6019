import { dts } from 'rollup-plugin-dts';

/** The types in one file, with those of jose inside: a CommonJS module may not import types of an ES module. */
export default {
  input: 'lib/index.ts',
  external: /^(?:node:|express$)/,
  output: ['dist/index.d.ts', 'dist/index.d.cts'].map((file) => ({ file })),
  plugins: [
    dts({ tsconfig: 'tsconfig.build.json', includeExternal: ['jose'] }),
    { name: 'for-every-consumer', renderChunk: forEveryConsumer },
  ],
};

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
