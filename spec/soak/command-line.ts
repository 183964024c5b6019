import { parseArgs } from 'node:util';

/** Such as `npm run soak -- --seed 2 --express 4`. */
export interface CommandLine {
  readonly seed: number;
  readonly requests: number;
  readonly express: 4 | 5;
  /** Requests a second, at most. */
  readonly rate: number;
  /** Kinds whose names begin so, and no others. */
  readonly only: string;
  readonly faults: boolean;
}

function whole(text: string, name: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} must be a whole number`);
  return Number(text);
}

export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      requests: { type: 'string', default: '100000' },
      express: { type: 'string', default: '5' },
      rate: { type: 'string', default: '300' },
      only: { type: 'string', default: '' },
      'no-faults': { type: 'boolean', default: false },
    },
  });
  if (values.express !== '4' && values.express !== '5') throw new Error('--express must be 4 or 5');
  return {
    seed: whole(values.seed, 'seed'),
    requests: whole(values.requests, 'requests'),
    express: values.express === '4' ? 4 : 5,
    rate: whole(values.rate, 'rate'),
    only: values.only,
    faults: !values['no-faults'],
  };
}
