import { checkNames, checkObject } from './checks.ts';

/** Where an option stands, for its check. */
export interface Place {
  /** What errors call the option. */
  readonly name: string;
  readonly allowInsecureRequests: boolean;
}

/** One row of a table of options: what an app gives, and what is made of it. */
export interface Option<Given, Value> {
  /** What the option takes, with unit and bounds, as the reference says it. */
  readonly takes: string;
  /** What holds where the option is left out, as the reference says it. */
  readonly standard: string;
  /** @throws TypeError that names the option, and says what it must be. */
  readonly read: (given: unknown, place: Place) => Value;
  /** Stands for the type alone. */
  readonly given?: Given;
}

type OptionTable = Readonly<Record<string, Option<unknown, unknown>>>;

type Given<Row> = Row extends Option<infer Type, unknown> ? Type : never;
type Value<Row> = Row extends Option<unknown, infer Type> ? Type : never;

type NeededName<Table> = {
  [Name in keyof Table]: undefined extends Given<Table[Name]> ? never : Name;
}[keyof Table];

type Needed<Table, Name extends keyof Table> = { readonly [Each in Name]: Given<Table[Each]> };
type Others<Table, Name extends keyof Table> = { readonly [Each in Name]?: Given<Table[Each]> };

/** The options of a table as an app gives them. */
export type OptionsOf<Table> = Needed<Table, NeededName<Table>> &
  Others<Table, Exclude<keyof Table, NeededName<Table>>>;

/** The options of a table after every check, with every default. */
export type ValuesOf<Table> = { readonly [Name in keyof Table]: Value<Table[Name]> };

/** What errors say of the object that has the options. */
export interface OptionsPlace {
  readonly object: string;
  /** Whose options they are. */
  readonly owner: string;
  /** What stands before the name of each. */
  readonly prefix: string;
  readonly allowInsecureRequests: boolean;
}

/** The options that are handed to a function, such as `guard()`. */
export function optionsOfCall(owner: string, allowInsecureRequests = false): OptionsPlace {
  return { object: 'options', owner, prefix: '', allowInsecureRequests };
}

/** The options that are the value of another one. */
export function optionsOfOption({ name, allowInsecureRequests }: Place): OptionsPlace {
  return { object: name, owner: `"${name}"`, prefix: `${name}.`, allowInsecureRequests };
}

/** Checks all options of a table and fills in the defaults. The object that is given stays as it is. */
export function readOptions<Table extends OptionTable>(
  table: Table,
  given: unknown,
  { object, owner, prefix, allowInsecureRequests }: OptionsPlace,
): ValuesOf<Table> {
  checkObject(given, object);
  checkNames(given, Object.keys(table), owner);
  const options: Readonly<Record<string, unknown>> = { ...given };
  const values = Object.entries(table).map(([name, { read }]) => [
    name,
    read(options[name], { name: prefix + name, allowInsecureRequests }),
  ]);
  return Object.freeze(Object.fromEntries(values)) as ValuesOf<Table>;
}
