import type { RevocationServer } from './revocation-server.ts';
import type { SessionApp } from './session-app.ts';
import {
  type AccessTokenOf,
  type Call,
  isSaved,
  type ModelEnd,
  type ModelLogin,
  SessionHistory,
} from './session-history.ts';
import { BACK_CHANNEL_LOGOUT, FRONT_CHANNEL_LOGOUT, LOGOUT } from './app.ts';

/** What to do next; the numbers choose among what there is. */
export interface Command {
  readonly kind:
    | 'login'
    | 'issue'
    | 'save'
    | 'rotate'
    | 'guard'
    | 'logout'
    | 'logout-token'
    | 'front'
    | 'end-sid'
    | 'end-user'
    | 'again';
  readonly app: 0 | 1;
  readonly pick: number;
  /** Seconds that pass at the provider before it. */
  readonly step: number;
  /** Seconds by which a Logout Token is late. */
  readonly late: number;
  readonly authTime: 'now' | 'before' | 'none';
  readonly by: 'sid' | 'sub' | 'both';
}

const TOLERANCE = 5;
const SIDS = [
  ['a', 's1'],
  ['a', 's2'],
  ['b', 's3'],
  ['a', undefined],
  ['b', undefined],
] as const;

type Send = () => Promise<void>;

/** A provider, two apps and their users, with what they did so far. */
export class SessionWorld {
  readonly history = new SessionHistory(TOLERANCE);
  readonly #apps: readonly SessionApp[];
  readonly #provider: RevocationServer;
  readonly #name: string;
  /** Replies can be lost, or a process. */
  readonly #hasFaults: boolean;
  readonly #start = now() - 600;
  readonly #log: string[] = [];
  readonly #toldBefore: readonly number[];
  /** Of each session the newest login, once it is saved and lives; and how often the session ended. */
  readonly #living = new Map<string, ModelLogin>();
  readonly #ended = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  #clock = this.#start;
  #moment = 0;

  constructor(
    apps: readonly SessionApp[],
    { provider, name, hasFaults }: { provider: RevocationServer; name: string; hasFaults: boolean },
  ) {
    this.#apps = apps;
    this.#provider = provider;
    this.#name = name;
    this.#hasFaults = hasFaults;
    this.#toldBefore = apps.map(({ told }) => told.length);
  }

  get log(): string {
    return this.#log.join('\n');
  }

  /** Does all of them at the same time. */
  async doAll(commands: readonly Command[]): Promise<void> {
    const calls: Send[] = [];
    for (const command of commands) calls.push(await this.#prepare(command));
    await Promise.all(calls.map((call) => call()));
    this.#noteEnds();
  }

  /** Asks every app about every token. */
  async guardAll(): Promise<void> {
    const asked = this.history.logins.flatMap((login) =>
      login.accessTokens.flatMap((token) => [0, 1].map((app) => this.#guard(app, login, token))),
    );
    await Promise.all(asked.map((ask) => ask()));
  }

  /** Sends the logouts and Logout Tokens once more that nobody answered, to the app that lives. */
  async repeatFailed(): Promise<void> {
    for (const [pick, { outcome }] of [...this.history.ends.entries()]) {
      if (outcome === 'failed') await this.#again({ app: 0, pick, late: 0 })();
    }
    this.#noteEnds();
  }

  /** How often this session ended for certain. */
  endsOf(sid: string): number {
    return this.#ended.get(sid) ?? 0;
  }

  get sids(): string[] {
    return SIDS.flatMap(([, sid]) => (sid === undefined ? [] : [this.#named(sid)]));
  }

  /** What an app was told of this session since the beginning; with no `sid` of all of this world. */
  toldOf(app: number, sid?: string): string[] {
    const told = this.#apps[app]?.told.slice(this.#toldBefore[app]) ?? [];
    return told
      .filter((event) => (sid === undefined ? this.#isOwn(event) : event.sid === sid))
      .map((event) => `${event.cause} ${event.subject ?? ''} ${event.sid ?? ''}`)
      .sort();
  }

  revocationsOf(token: string): number {
    return this.#provider.requests.filter(({ form }) => form.token === token).length;
  }

  /** How often a save or a rotation with this token was refused. */
  refusalsOf(token: string): number {
    return this.#refusals.get(token) ?? 0;
  }

  /** Ends a session that nobody else has in the app, which every app hears after all that came before. */
  async endLast(app: number): Promise<string> {
    const sid = this.#named(`last-${++this.#moment}`);
    await this.#post(app, '/end', { issuer: this.#provider.issuer, sid });
    return sid;
  }

  #isOwn({ subject, sid }: { subject: string | undefined; sid: string | undefined }): boolean {
    return [subject, sid].some((name) => name?.startsWith(`${this.#name}-`));
  }

  #named(name: string): string {
    return `${this.#name}-${name}`;
  }

  async #prepare(command: Command): Promise<Send> {
    this.#clock += command.step;
    const { kind, app, pick } = command;
    if (kind === 'login') return this.#save(app, await this.#issue(command));
    if (kind === 'issue') {
      await this.#issue(command);
      return () => Promise.resolve();
    }
    if (kind === 'logout-token') return this.#logoutToken(command);
    if (kind === 'front' || kind === 'end-sid' || kind === 'end-user') return this.#endNow(command);
    if (kind === 'again') return this.#again(command);
    const { logins } = this.history;
    const login = logins[pick % logins.length];
    if (login === undefined) return () => Promise.resolve();
    if (kind === 'save') return this.#save(app, login);
    if (kind === 'rotate') return this.#rotate(app, login);
    if (kind === 'logout') return this.#logout(app, login, command);
    const token = login.accessTokens[command.late % login.accessTokens.length];
    return this.#guard(app, login, there(token));
  }

  async #issue({ pick, authTime: kind }: Command): Promise<ModelLogin> {
    const [owner, session] = there(SIDS[pick % SIDS.length]);
    const [user, sid] = [this.#named(owner), session && this.#named(session)];
    const time = this.#clock;
    const authTime = { now: time, before: this.#start, none: undefined }[kind];
    const { signer } = this.#provider;
    const claims = { sub: user, sid, iat: time, auth_time: authTime };
    const name = `login ${this.history.logins.length}`;
    const login: ModelLogin = {
      ...{ name, user, sid, time, authTime },
      idToken: await signer.idToken(claims),
      accessTokens: [{ text: await signer.accessToken(claims), state: 'unsaved' }],
      refreshTokens: [this.#named(`refresh-token-${this.history.logins.length}`)],
      saves: [],
    };
    this.history.logins.push(login);
    this.#note(
      `${name} of ${user} ${sid ?? '-'} at ${this.#at(time)} authTime ${this.#at(authTime)}`,
    );
    return login;
  }

  #save(app: number, login: ModelLogin): Send {
    const call = this.#begin();
    login.saves.push(call);
    const token = there(login.accessTokens[0]);
    const refreshToken = there(login.refreshTokens[0]);
    return async () => {
      const tokens = this.#response(token.text, refreshToken, login.idToken);
      const status = await this.#post(app, '/save', tokens);
      this.#end(call, status, [204]);
      this.#note(`${app}: save ${login.name}: ${status} [${call.begun}-${call.done}]`);
      if (call.outcome === 'refused') this.#refused(token, refreshToken);
      else if (call.outcome === 'ok' && token.state !== 'refused') token.state = 'saved';
      else if (token.state === 'unsaved') token.state = 'unknown';
      this.#check(
        call.outcome === 'ok' && this.history.isOver(login, call.begun),
        1,
        `${login.name} is saved after its end`,
      );
      const isUnderSuspicion =
        this.history.canBeOver(login, call.done) || this.refusalsOf(refreshToken) > 1;
      this.#check(call.outcome === 'refused' && !isUnderSuspicion, 2, `${login.name} is not saved`);
    };
  }

  async #rotate(app: number, login: ModelLogin): Promise<Send> {
    const { user: sub, sid, authTime: auth_time, refreshTokens } = login;
    const claims = { sub, sid, auth_time, iat: this.#clock };
    const token: AccessTokenOf = {
      text: await this.#provider.signer.accessToken(claims),
      state: 'unknown',
    };
    const used = there(refreshTokens.at(-1));
    const refreshToken = `${refreshTokens[0]}-${refreshTokens.length}-${++this.#moment}`;
    const call = this.#begin();
    const wasSaved = isSaved(login, call.begun);
    return async () => {
      const old = login.accessTokens[0]?.text ?? '';
      const status = await this.#post(app, '/rotate', {
        used: this.#response(old, used),
        tokens: this.#response(token.text, refreshToken),
      });
      this.#end(call, status, [204]);
      this.#note(`${app}: rotate ${login.name}: ${status} [${call.begun}-${call.done}]`);
      login.accessTokens.push(token);
      if (call.outcome === 'refused') this.#refused(token, refreshToken);
      else refreshTokens.push(refreshToken);
      if (call.outcome === 'ok') token.state = 'saved';
      this.#check(
        call.outcome === 'ok' && this.history.isOver(login, call.begun),
        1,
        `${login.name} is rotated after its end`,
      );
      const isUnderSuspicion =
        this.history.canBeOver(login, call.done) || !wasSaved || this.refusalsOf(used) > 0;
      this.#check(
        call.outcome === 'refused' && !isUnderSuspicion,
        2,
        `${login.name} is not rotated`,
      );
    };
  }

  #guard(app: number, login: ModelLogin, token: AccessTokenOf): Send {
    const call = this.#begin();
    const wasRefused = token.state === 'refused';
    const wasSaved = token.state === 'saved' && isSaved(login, call.begun);
    const isKnown = token.state !== 'unknown';
    const wasPresented = this.history.ends.some(
      (end) => end.accessToken === token && end.outcome === 'ok',
    );
    return async () => {
      const headers = { authorization: `Bearer ${token.text}` };
      const { status } = await fetch(`${this.#urlOf(app)}/api`, { headers }).catch(LOST);
      this.#end(call, status, [200]);
      const about = `of ${login.name} ${login.accessTokens.indexOf(token)} [${call.begun}-${call.done}]`;
      const mustBeRefused =
        wasRefused || wasPresented || (isKnown && this.history.isOver(login, call.begun));
      this.#check(call.outcome === 'ok' && mustBeRefused, 1, `${app} accepts a token ${about}`);
      const isFresh = wasSaved || this.history.isFreshUnsaved(login, call.done);
      const isSuspicious =
        !isKnown || token.state === 'refused' || this.history.canBeOver(login, call.done);
      this.#check(
        call.outcome === 'refused' && isFresh && !isSuspicious,
        2,
        `${app} refuses a token ${about}`,
      );
    };
  }

  #logout(app: number, login: ModelLogin, { late }: Pick<Command, 'late'>): Send {
    const accessToken = there(login.accessTokens[late % login.accessTokens.length]);
    const refresh_token = late % 2 === 0 ? login.refreshTokens.at(-1) : undefined;
    const end = this.#beginEnd({
      ...{ id: `logout ${accessToken.text}`, app, by: 'login', login, accessToken },
      ...{ refreshToken: refresh_token, from: login.time, until: login.time },
    });
    return async () => {
      const body = { access_token: accessToken.text, refresh_token };
      this.#endEnd(end, await this.#post(app, LOGOUT, body), `${app}: logout ${login.name}`);
    };
  }

  async #logoutToken({ app, pick, late, by }: Command): Promise<Send> {
    const [owner, session] = there(SIDS[pick % SIDS.length]);
    const named = session === undefined ? 'sub' : by;
    const sid = named === 'sub' ? undefined : this.#named(session ?? '');
    const user = named === 'sid' ? undefined : this.#named(owner);
    const time = Math.min(this.#clock, now() + TOLERANCE - 1) - late;
    const claims = { sub: user, sid, iat: time };
    const token = await this.#provider.signer.logoutToken(claims);
    return this.#deliver(app, token, {
      id: token,
      app,
      by: 'time',
      sid,
      user,
      from: time,
      until: time,
    });
  }

  #deliver(app: number, token: string, about: Omit<ModelEnd, keyof Call>): Send {
    const end = this.#beginEnd(about);
    return async () => {
      const body = new URLSearchParams({ logout_token: token });
      const { status } = await fetch(`${this.#urlOf(app)}${BACK_CHANNEL_LOGOUT}`, {
        method: 'POST',
        body,
      }).catch(LOST);
      const { sid, user, from } = end;
      this.#endEnd(
        end,
        status,
        `${app}: Logout Token ${user ?? ''} ${sid ?? ''} of ${this.#at(from)}`,
      );
    };
  }

  #again({ app, pick, late }: Pick<Command, 'app' | 'pick' | 'late'>): Send {
    const { ends } = this.history;
    const end = ends[pick % ends.length];
    if (end?.login !== undefined) {
      const tokens = end.login.accessTokens;
      const same = tokens.indexOf(there(end.accessToken));
      return this.#logout(app, end.login, { late: same + (late % 2) * tokens.length });
    }
    if (end?.by !== 'time' || end.id.startsWith('end')) return () => Promise.resolve();
    const { id, by, sid, user, from, until } = end;
    return this.#deliver(app, id, { id, app, by, sid, user, from, until });
  }

  #endNow({ kind, app, pick }: Command): Send {
    const named = SIDS.filter(([, sid]) => kind === 'end-user' || sid !== undefined);
    const [owner, session = ''] = there(named[pick % named.length]);
    const sid = kind === 'end-user' ? undefined : this.#named(session);
    const user = kind === 'end-user' ? this.#named(owner) : undefined;
    const time = now();
    const end = this.#beginEnd({
      ...{ id: `end ${++this.#moment}`, app, by: kind === 'front' ? 'front' : 'time', sid, user },
      ...{ from: time, until: time },
    });
    return async () => {
      const { issuer } = this.#provider;
      const status =
        kind === 'front'
          ? await this.#get(
              app,
              `${FRONT_CHANNEL_LOGOUT}?${new URLSearchParams({ iss: issuer, sid: sid ?? '' })}`,
            )
          : await this.#post(app, '/end', { issuer, sid, sub: user });
      end.until = now();
      this.#clock = Math.max(this.#clock, end.until + 1);
      this.#endEnd(
        end,
        status,
        `${app}: ${kind} ${sid ?? user ?? ''} at ${this.#at(end.from)}-${this.#at(end.until)}`,
      );
    };
  }

  #beginEnd(end: Omit<ModelEnd, keyof Call>): ModelEnd {
    const begun: ModelEnd = { ...this.#begin(), ...end };
    this.history.ends.push(begun);
    return begun;
  }

  #endEnd(end: ModelEnd, status: number, about: string): void {
    this.#end(end, status, [200]);
    this.#note(`${about}: ${status} [${end.begun}-${end.done}]`);
    if (end.outcome === 'refused' && this.#hasFaults && status === 400) end.outcome = 'failed';
    this.#check(end.outcome === 'refused', 1, `${about} is answered ${status}`);
  }

  #begin(): Call {
    return { begun: ++this.#moment, done: Infinity, outcome: 'under way' };
  }

  #end(call: Call, status: number, good: readonly number[]): void {
    call.done = ++this.#moment;
    const isFailure = status === 0 || status >= 500;
    call.outcome = good.includes(status) ? 'ok' : isFailure ? 'failed' : 'refused';
    if (isFailure && !this.#hasFaults) throw new Error(`answered ${status}\n${this.log}`);
  }

  #refused(token: AccessTokenOf, refreshToken: string): void {
    token.state = 'refused';
    this.#refusals.set(refreshToken, this.refusalsOf(refreshToken) + 1);
  }

  #noteEnds(): void {
    const moment = ++this.#moment;
    for (const sid of this.sids) {
      const saved = this.history.savedIn(sid);
      const isAllOver = saved.every((login) => this.history.isOver(login, moment));
      if (this.#living.has(sid) && isAllOver) {
        this.#living.delete(sid);
        this.#ended.set(sid, this.endsOf(sid) + 1);
      }
      const newest = saved.toSorted((one, other) => other.time - one.time)[0];
      if (newest === undefined || !isSaved(newest, moment)) continue;
      if (!this.history.canBeOver(newest, moment)) this.#living.set(sid, newest);
    }
  }

  #response(access_token: string, refresh_token: string, id_token?: string) {
    return { access_token, refresh_token, id_token, token_type: 'Bearer', expires_in: 3600 };
  }

  async #post(app: number, path: string, body: object): Promise<number> {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(this.#urlOf(app) + path, init).catch(LOST)).status;
  }

  async #get(app: number, path: string): Promise<number> {
    return (await fetch(this.#urlOf(app) + path).catch(LOST)).status;
  }

  #urlOf(app: number): string {
    return this.#apps[app]?.url ?? '';
  }

  #check(isBroken: boolean, guarantee: number, what: string): void {
    if (isBroken) throw new Error(`Guarantee ${guarantee}: ${what}\n${this.log}`);
  }

  #note(what: string): void {
    this.#log.push(what);
  }

  #at(time: number | undefined): string {
    return time === undefined ? '-' : String(time - this.#start);
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('There is none');
  return value;
}

// The process died before it answered.
const LOST = () => ({ status: 0 });

function now(): number {
  return Math.floor(Date.now() / 1000);
}
