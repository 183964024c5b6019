import { parseArgs } from 'node:util';
import { checkNames } from '../input/checks.ts';
import { refuseArguments } from './usage.ts';

const OPTIONS = {
  'client-id': { type: 'string' },
  audience: { type: 'string' },
  'base-url': { type: 'string' },
  token: { type: 'boolean', default: false },
  options: { type: 'string' },
  redis: { type: 'string' },
  json: { type: 'boolean', default: false },
  'allow-insecure': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws {@link ArgumentError} */
export function parseArguments(args: readonly string[]) {
  const rules = { args: [...args], allowPositionals: true, options: OPTIONS };
  const { tokens } = parseArgs({ ...rules, strict: false, tokens: true });
  for (const token of tokens) if (token.kind === 'option') checkOption(token);
  return parseArgs(rules);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkOption({ name, rawName, value, inlineValue }: OptionToken): void {
  const { type } = (OPTIONS as Partial<Record<string, { readonly type: string }>>)[name] ?? {};
  if (type === undefined) checkName(rawName);
  else if (type === 'boolean') {
    if (value !== undefined) refuseArguments(`"${rawName}" takes no value.`);
  } else if (!value || (inlineValue === false && value.startsWith('-'))) {
    refuseArguments(`"${rawName}" needs a value.`);
  }
}

function checkName(name: string): void {
  const known = Object.keys(OPTIONS).map((each) => `--${each}`);
  try {
    checkNames({ [name]: true }, known, 'the doctor');
  } catch (error) {
    refuseArguments((error as TypeError).message);
  }
}
