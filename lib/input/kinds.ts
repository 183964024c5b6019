import {
  checkBoolean,
  checkChoice,
  checkFunction,
  checkMethods,
  checkText,
  checkTexts,
  checkTimeout,
  checkUrl,
  checkWhole,
  TIMEOUT_BOUNDS,
} from './checks.ts';
import {
  type Option,
  type OptionalOption,
  type OptionTable,
  type OptionsOf,
  optionsOfOption,
  type Place,
  readOptions,
  type ValuesOf,
} from './option.ts';

export function optional<Given, Value>(
  option: Option<Given, Value>,
  standard = 'none',
): OptionalOption<Given, Value | undefined> {
  const { takes, read } = option;
  return {
    takes,
    standard,
    read: (given, place) => (given === undefined ? undefined : read(given, place)),
  };
}

export function withDefault<Given, Value>(
  { takes, read }: Option<Given, Value>,
  value: Value,
  standard = literal(value),
): OptionalOption<Given, Value> {
  Object.freeze(value);
  return {
    takes,
    standard,
    read: (given, place) => (given === undefined ? value : read(given, place)),
  };
}

// As it is written in code.
function literal(value: unknown): string {
  return `\`${JSON.stringify(value).replaceAll('"', "'")}\``;
}

export function text(): Option<string, string> {
  return { takes: 'string', read: (given, { name }) => checkText(given, name) };
}

export function texts(): Option<string | readonly string[], readonly string[]> {
  return { takes: 'string or strings', read: (given, { name }) => checkTexts(given, name) };
}

export function url(): Option<string, string> {
  return {
    takes: 'URL',
    read: (given, { name, allowInsecureRequests }) => checkUrl(given, name, allowInsecureRequests),
  };
}

export function callable<Type>(): Option<Type, Type> {
  return { takes: 'function', read: (given, { name }) => checkFunction(given, name) as Type };
}

/** An object by its shape. */
export function withMethods<Type>(takes: string, methods: readonly string[]): Option<Type, Type> {
  return { takes, read: (given, { name }) => checkMethods(given, name, methods) as Type };
}

export function boolean(standard: boolean): OptionalOption<boolean, boolean> {
  return withDefault(
    { takes: 'boolean', read: (given, { name }) => checkBoolean(given, name) },
    standard,
  );
}

/** The first word is the default. */
export function choice<const Choice extends string>(
  ...choices: readonly [Choice, ...Choice[]]
): OptionalOption<Choice, Choice> {
  const takes = choices.map(literal).join(', ');
  return withDefault(
    { takes, read: (given, { name }) => checkChoice(given, name, choices) },
    choices[0],
  );
}

function whole(unit: string, standard: number, least: number): OptionalOption<number, number> {
  return withDefault(
    {
      takes: `whole ${unit}, ${least} or more`,
      read: (given, { name }) => checkWhole(given, name, { unit, least }),
    },
    standard,
  );
}

export function count(unit: string, standard: number) {
  return whole(unit, standard, 1);
}

/** A lifetime: whole seconds. */
export function seconds(standard: number, least = 1) {
  return whole('seconds', standard, least);
}

/** A time-out: seconds with fractions. */
export function timeout(standard: number): OptionalOption<number, number> {
  return withDefault(
    { takes: `seconds, ${TIMEOUT_BOUNDS}`, read: (given, { name }) => checkTimeout(given, name) },
    standard,
  );
}

/** Options within an option. */
export function group<Table extends OptionTable, Given = OptionsOf<Table>>(
  table: Table,
): Option<Given, ValuesOf<Table>> {
  const read = (given: unknown, place: Place) => readOptions(table, given, optionsOfOption(place));
  return { takes: 'object', read };
}
