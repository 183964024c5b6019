import express, { type Express } from 'express';
// @ts-expect-error: the package under this name has no types of its own
import untypedExpress4 from 'express4';

const express4 = untypedExpress4 as typeof express;

/** Both versions of Express that the package supports. */
export const EXPRESS: Record<string, () => Express> = {
  'Express 5': () => express(),
  'Express 4': () => express4(),
};
