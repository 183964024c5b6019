import type { JWTPayload } from 'jose';
import type { JoseObject } from '../token/jose-object.ts';
import { clientOf } from '../token/token-kind.ts';
import type { Events } from '../events.ts';
import { Provider } from './provider.ts';
import type { ProviderSettings } from './provider-settings.ts';

/** The entries: each is one client of one issuer. The clients of an issuer share its sessions. */
export class Providers implements Iterable<Provider> {
  readonly first: Provider;
  readonly issuers: ReadonlySet<string>;
  readonly #all: readonly Provider[];

  constructor([first, ...others]: readonly ProviderSettings[], events: Events) {
    if (first === undefined) throw new TypeError('There is no provider');
    this.first = new Provider(first, events);
    const all = [this.first];
    for (const settings of others) {
      const ofIssuer = all.find(({ issuer }) => issuer === settings.issuer);
      all.push(new Provider(settings, events, ofIssuer));
    }
    this.#all = all;
    this.issuers = new Set(all.map(({ issuer }) => issuer));
  }

  [Symbol.iterator](): Iterator<Provider> {
    return this.#all[Symbol.iterator]();
  }

  ofIssuer(issuer: unknown): readonly Provider[] {
    return this.#all.filter((provider) => provider.issuer === issuer);
  }

  /** `undefined` for a client of no entry. */
  find(issuer: string, clientId: unknown): Provider | undefined {
    return this.ofIssuer(issuer).find(({ settings }) => settings.clientId === clientId);
  }

  /** The entry of the token's client, else the one that lists this client. */
  ofClient(issuer: unknown, claims: JoseObject): Provider | undefined {
    const client = clientOf(claims);
    const entries = this.ofIssuer(issuer);
    return (
      entries.find(({ settings }) => settings.clientId === client) ??
      entries.find(({ settings }) => settings.accessTokens.clients?.some((id) => id === client))
    );
  }

  /** By the client, else by the audience, else the first of the issuer. */
  forAccessToken(claims: JWTPayload): Provider | undefined {
    return this.ofClient(claims.iss, claims) ?? this.forAudience(claims);
  }

  /** By the audience, of several by `azp`; else the first of the issuer. */
  forAudience({ iss, aud, azp }: JWTPayload): Provider | undefined {
    const entries = this.ofIssuer(iss);
    const audiences: unknown[] = [aud].flat();
    const meant = entries.filter(({ settings }) => audiences.includes(settings.clientId));
    return meant.find(({ settings }) => settings.clientId === azp) ?? meant[0] ?? entries[0];
  }
}
