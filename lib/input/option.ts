import { checkNames, checkObject } from './checks.ts';

export interface Place {
  /** The option's name in errors. */
  readonly name: string;
  readonly allowInsecureRequests: boolean;
}

export interface Option<Given, Value> {
  /** Type, unit and bounds, for the reference. */
  readonly takes: string;
  /** @throws TypeError with the option's name and the allowed values. */
  readonly read: (given: unknown, place: Place) => Value;
  /** For the type alone. */
  readonly given?: Given;
}

/** An option that may be left out. */
export interface OptionalOption<Given, Value> extends Option<Given | undefined, Value> {
  /** The default, for the reference. */
  readonly standard: string;
}

export type OptionTable = Readonly<Record<string, Option<unknown, unknown>>>;

type Given<Row> = Row extends Option<infer Type, unknown> ? Type : never;
type Value<Row> = Row extends Option<unknown, infer Type> ? Type : never;

type NeededName<Table> = {
  [Name in keyof Table]: Table[Name] extends { readonly standard: string } ? never : Name;
}[keyof Table];

type Needed<Table, Name extends keyof Table> = { readonly [Each in Name]: Given<Table[Each]> };
type Others<Table, Name extends keyof Table> = { readonly [Each in Name]?: Given<Table[Each]> };

// TypeScript takes any value for `{} & { a?: … }`, and not for the same members in one type.
type Flat<Type> = { readonly [Name in keyof Type]: Type[Name] };

export type OptionsOf<Table> = Flat<
  Needed<Table, NeededName<Table>> & Others<Table, Exclude<keyof Table, NeededName<Table>>>
>;

export type ValuesOf<Table> = { readonly [Name in keyof Table]: Value<Table[Name]> };

/** For errors. */
export interface OptionsPlace {
  readonly object: string;
  /** The function or option. */
  readonly owner: string;
  readonly prefix: string;
  readonly allowInsecureRequests: boolean;
}

export function optionsOfCall(owner: string): OptionsPlace {
  return { object: 'options', owner, prefix: '', allowInsecureRequests: false };
}

export function optionsOfOption({ name, allowInsecureRequests }: Place): OptionsPlace {
  return { object: name, owner: `"${name}"`, prefix: `${name}.`, allowInsecureRequests };
}

/** The given object stays unchanged. */
export function readOptions<Table extends OptionTable>(
  table: Table,
  given: unknown,
  { object, owner, prefix, allowInsecureRequests }: OptionsPlace,
): ValuesOf<Table> {
  checkObject(given, object);
  checkNames(given, Object.keys(table), owner);
  // Members that are inherited count too: an option that is dropped may be one that protects.
  const options = given as Readonly<Record<string, unknown>>;
  const values = Object.entries(table).map(([name, { read }]) => [
    name,
    read(options[name], { name: prefix + name, allowInsecureRequests }),
  ]);
  return Object.freeze(Object.fromEntries(values)) as ValuesOf<Table>;
}
