import { text } from 'node:stream/consumers';
import type { OidcLogoutOptions } from '../options/oidc-logout-options.ts';
import { type Arguments, readArguments, USAGE } from './arguments.ts';
import { ArgumentError, type Configuration, readConfiguration } from './configuration.ts';
import { type Examination, examine, type Patient } from './examination.ts';
import { type Finding, unknown } from './finding.ts';
import { prescribe } from './prescription.ts';
import { examineRedis } from './redis.ts';
import { type Report, textOf } from './report.ts';
import { examineToken } from './token.ts';

export interface Streams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Answers the exit status. */
export async function main(args: readonly string[], streams: Streams): Promise<number> {
  const given = readArguments(args);
  if (given === 'help') {
    streams.stdout.write(USAGE);
    return 0;
  }
  try {
    if (given === undefined) throw new ArgumentError(USAGE);
    const report = await reportOn(given, await readConfiguration(given), streams);
    streams.stdout.write(given.json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report));
    return report.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    streams.stderr.write(error.message);
    return 2;
  }
}

async function reportOn(
  given: Arguments,
  { durability, keyPrefix, options, patient }: Configuration,
  { stdin }: Streams,
): Promise<Report> {
  const { findings, offer } = await examineAt(patient);
  const prescription = offer && prescribe(offer, given);
  const known = options ?? prescription?.options;
  const { redis: url } = given;
  const all = [
    ...findings,
    ...(await tokenFindings(given, known, stdin)),
    ...(url === undefined ? [] : await examineRedis({ url, keyPrefix, durability })),
  ];
  return {
    issuer: patient?.issuer,
    ok: all.every(({ level }) => level !== 'wrong'),
    findings: all,
    ...prescription,
    // Who has options needs none.
    options: options === undefined ? known : undefined,
  };
}

async function examineAt(patient: Patient | undefined): Promise<Examination> {
  return patient === undefined ? { findings: [], offer: undefined } : examine(patient);
}

async function tokenFindings(
  given: Arguments,
  options: OidcLogoutOptions | undefined,
  stdin: Streams['stdin'],
): Promise<Finding[]> {
  if (options === undefined) {
    return given.token ? [unknown('Tokens', "Not asked, without the provider's metadata.")] : [];
  }
  if (given.token) return examineToken((await text(stdin)).trim(), options);
  const detail = 'Not asked: --token tells of one whether this configuration takes it.';
  return [unknown('Tokens', detail)];
}
