import { randomBytes } from 'node:crypto';
import { ADMIN } from './keycloak.ts';

type Representation = Record<string, unknown>;

export interface User {
  readonly id: string;
  readonly name: string;
}

/** The password of every user. */
export const PASSWORD = 'a password';

/** The realm that all specs share, by the admin REST API of its Keycloak. */
export class Realm {
  readonly #url: string;
  readonly name: string;

  constructor(url: string, name: string) {
    this.#url = url;
    this.name = name;
  }

  /** The realm of the specs that run. */
  static current(): Realm {
    return new Realm(process.env.KEYCLOAK_URL ?? '', process.env.KEYCLOAK_REALM ?? '');
  }

  /** The same realm by HTTPS, which is another issuer. */
  static currentByHttps(): Realm {
    return new Realm(process.env.KEYCLOAK_HTTPS_URL ?? '', Realm.current().name);
  }

  static async create(url: string): Promise<Realm> {
    const realm = new Realm(url, `specs-${randomBytes(6).toString('hex')}`);
    await realm.#request('POST', '', {
      realm: realm.name,
      enabled: true,
      // Each login of a user is quick so.
      passwordPolicy: 'hashAlgorithm(pbkdf2-sha256) and hashIterations(1)',
    });
    await realm.addKey('eddsa-generated', { eddsaEllipticCurveKey: ['Ed25519'] });
    return realm;
  }

  get issuer(): string {
    return `${this.#url}/realms/${this.name}`;
  }

  /** Answers the id that the admin API has for the client. */
  addClient(client: Representation): Promise<string> {
    return this.#create('clients', client);
  }

  async addMapper(client: string, mapper: Representation): Promise<void> {
    await this.act('POST', `clients/${client}/protocol-mappers/models`, mapper);
  }

  async addUser(): Promise<User> {
    const name = `user-${randomBytes(6).toString('hex')}`;
    const id = await this.#create('users', {
      username: name,
      enabled: true,
      // Without these Keycloak asks for them at the login.
      ...{ firstName: 'Alice', lastName: 'Liddell', email: `${name}@example.com` },
      credentials: [{ type: 'password', value: PASSWORD }],
    });
    return { id, name };
  }

  /** Signs from now on with a new key, where the algorithm is the key's. */
  addKey(providerId: string, config: Record<string, string[]>): Promise<string> {
    const providerType = 'org.keycloak.keys.KeyProvider';
    return this.#create('components', { providerId, providerType, name: providerId, config });
  }

  /** The ids of the sessions of a user, which are their `sid`. */
  async sessionsOf(user: User): Promise<string[]> {
    return ids(await this.#get(`users/${user.id}/sessions`));
  }

  async offlineSessionsOf(user: User, client: string): Promise<string[]> {
    return ids(await this.#get(`users/${user.id}/offline-sessions/${client}`));
  }

  async logOut(user: User): Promise<void> {
    await this.act('POST', `users/${user.id}/logout`);
  }

  async deleteSession(sid: string): Promise<void> {
    await this.act('DELETE', `sessions/${sid}`);
  }

  delete(): Promise<void> {
    return this.act('DELETE', '');
  }

  async act(method: string, path: string, body?: Representation): Promise<void> {
    await this.#request(method, `/${this.name}/${path}`, body);
  }

  async #get(path: string): Promise<unknown> {
    return (await this.#request('GET', `/${this.name}/${path}`)).json();
  }

  async #create(path: string, body: Representation): Promise<string> {
    const response = await this.#request('POST', `/${this.name}/${path}`, body);
    return response.headers.get('location')?.split('/').at(-1) ?? '';
  }

  async #request(method: string, path: string, body?: Representation): Promise<Response> {
    const headers = {
      Authorization: `Bearer ${await this.#token()}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    };
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const response = await fetch(`${this.#url}/admin/realms${path}`, init);
    if (response.ok) return response;
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }

  async #token(): Promise<string> {
    const url = `${this.#url}/realms/master/protocol/openid-connect/token`;
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...ADMIN });
    const response = await fetch(url, { method: 'POST', body });
    const { access_token } = (await response.json()) as { access_token: string };
    return access_token;
  }
}

function ids(sessions: unknown): string[] {
  return (sessions as { id: string }[]).map(({ id }) => id);
}
