import type { OidcLogoutOptions } from '../options/oidc-logout-options.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { type Configuration, readConfiguration } from './configuration.ts';
import { type Examination, examine, type Patient } from './examination.ts';
import { type Finding, unknown } from './finding.ts';
import { optionsFor, prescribe } from './prescription.ts';
import { examineRedis } from './redis.ts';
import { type Report, textOf } from './report.ts';
import { examineToken } from './token.ts';
import { readToken } from './token-text.ts';
import { ArgumentError, USAGE } from './usage.ts';

export interface Streams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Answers the exit status. */
export async function main(args: readonly string[], streams: Streams): Promise<number> {
  try {
    const given = readArguments(args);
    if (given === 'help') {
      streams.stdout.write(USAGE);
      return 0;
    }
    const token = given.token ? await readToken(streams.stdin) : undefined;
    const report = await reportOn(given, await readConfiguration(given), token);
    streams.stdout.write(
      given.json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report, given),
    );
    return report.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    streams.stderr.write(error.message);
    return 2;
  }
}

async function reportOn(
  given: Arguments,
  { durability, keyPrefix, options: configured, patient }: Configuration,
  token: string | undefined,
): Promise<Report> {
  const { findings, offer } = await examineAt(patient);
  const options = configured ?? (offer && optionsFor(offer, given));
  const { redis: url } = given;
  const all = [
    ...findings,
    ...(await tokenFindings(token, options, url)),
    ...(url === undefined ? [] : await examineRedis({ url, keyPrefix, durability })),
  ];
  return {
    issuer: patient?.issuer,
    ok: all.every(({ level }) => level !== 'wrong'),
    findings: all,
    ...(offer && prescribe(offer, optionsFor(offer, given))),
    // Who has options needs none.
    ...(configured && { options: undefined }),
  };
}

async function examineAt(patient: Patient | undefined): Promise<Examination> {
  return patient === undefined ? { findings: [], offer: undefined } : examine(patient);
}

async function tokenFindings(
  token: string | undefined,
  options: OidcLogoutOptions | undefined,
  redis: string | undefined,
): Promise<Finding[]> {
  const feature = 'Tokens';
  if (token === undefined) {
    const detail = 'Not asked: --token tells of one whether this configuration takes it.';
    return options === undefined ? [] : [unknown(feature, detail)];
  }
  return options === undefined
    ? [unknown(feature, "Not asked, without the provider's metadata.")]
    : examineToken({ token, options, redis });
}
