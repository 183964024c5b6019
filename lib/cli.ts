#!/usr/bin/env node
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { ClientMetadata } from './provider/client-metadata.ts';
import { examine, type Offer } from './doctor/examination.ts';
import { report } from './doctor/report.ts';
import { isSecureUrl } from './input/secure-url.ts';
import { clientMetadata } from './options/client-metadata.ts';

const USAGE = `Usage: express-oidc-logout doctor <issuer> [options]

Reads the provider's discovery document and keys, and tells what of
express-oidc-logout works with it and what to register there.

  --base-url <url>   where the app is found, an https: URL without query
                     (default: https://app.example.com)
  --json             print JSON
  --allow-insecure   allow http: elsewhere than on loopback
  --help             print this

Exit status: 0 all works, 1 something does not, 2 wrong arguments.
`;

interface Arguments {
  readonly issuer: string;
  readonly baseUrl: string;
  readonly json: boolean;
  readonly insecure: boolean;
}

function readArguments(): Arguments | 'help' | undefined {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        'base-url': { type: 'string', default: 'https://app.example.com' },
        json: { type: 'boolean', default: false },
        'allow-insecure': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { 'base-url': baseUrl, 'allow-insecure': insecure, json, help } = values;
    if (help) return 'help';
    const [command, issuer, ...others] = positionals;
    if (command !== 'doctor' || issuer === undefined || others.length > 0) return undefined;
    if (!isSecureUrl(baseUrl, insecure) || baseUrl.includes('?')) return undefined;
    return { issuer, baseUrl, json, insecure };
  } catch {
    return undefined;
  }
}

/** Known before a registration: the URIs and the algorithm. */
function registrationFor(offer: Offer, { baseUrl, insecure }: Arguments): ClientMetadata {
  const { algorithm, backChannel, endSession, frontChannel } = offer;
  const metadata = clientMetadata({
    ...{ baseUrl, algorithms: algorithm, allowInsecureRequests: insecure },
    ...(endSession && { postLogoutRedirectUri: `${baseUrl.replace(/\/$/, '')}/logged-out` }),
    ...(!backChannel && { backChannelLogout: null, frontChannelLogout: frontChannel || null }),
  });
  if (offer.sid) return metadata;
  const members = Object.entries(metadata).filter(([name]) => !name.endsWith('session_required'));
  return Object.fromEntries(members) as unknown as ClientMetadata;
}

async function main(): Promise<number> {
  const given = readArguments();
  if (given === undefined || given === 'help') {
    (given === 'help' ? process.stdout : process.stderr).write(USAGE);
    return given === 'help' ? 0 : 2;
  }
  const { offer, ...examination } = await examine(given.issuer, given.insecure);
  const register = offer && registrationFor(offer, given);
  process.stdout.write(
    given.json
      ? `${JSON.stringify({ ...examination, register }, null, 2)}\n`
      : report(examination, register),
  );
  return examination.ok ? 0 : 1;
}

void main().then((status) => {
  process.exitCode = status;
});
