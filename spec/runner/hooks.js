import { readFile } from 'node:fs/promises';
import { URL } from 'node:url';
import { transform } from '@swc/wasm-typescript';

const GLOBALS = new URL('globals.js', import.meta.url).href;

export function resolve(specifier, context, next) {
  if (specifier === '@jest/globals') return { url: GLOBALS, shortCircuit: true };
  return next(specifier, context);
}

/** Types become blanks, so that each line and column stays. */
export async function load(url, context, next) {
  const { pathname } = new URL(url);
  if (!pathname.endsWith('.ts')) return next(url, context);
  const source = await readFile(new URL(url), 'utf8');
  const { code } = await transform(source, { mode: 'strip-only', filename: pathname });
  return { format: 'module', source: code, shortCircuit: true };
}
