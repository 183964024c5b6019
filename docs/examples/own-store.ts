/* eslint-disable @typescript-eslint/require-await */
import Database from 'better-sqlite3';
import type { Store, StoreChange, StoreSubscriber, StoreUpdate } from 'express-oidc-logout';

/** How often a process asks for the messages of the others: so late may it hear that a session ended. */
const POLL_MS = 100;
/** For how long a message is kept, in seconds: longer than any process that lives stands still. */
const MESSAGE_TTL = 60;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS oidc (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    expires_at REAL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS oidc_expiry ON oidc (expires_at);
  CREATE TABLE IF NOT EXISTS oidc_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT NOT NULL,
    sent_at REAL NOT NULL
  );
`;

interface Message {
  readonly id: number;
  readonly message: string;
}

/**
 * A store in an SQLite file, for the processes of one machine. An update is a transaction that takes the lock for
 * writing before it reads, so no two of them overlap. Messages are rows that each process polls for.
 */
export class SqliteStore implements Store {
  readonly #database: Database.Database;
  readonly #polls = new Set<NodeJS.Timeout>();

  constructor(path: string) {
    this.#database = new Database(path, { timeout: 200 });
    this.#database.pragma('journal_mode = WAL');
    this.#database.exec(SCHEMA);
  }

  async read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return this.#valuesOf(keys, now());
  }

  async update<Result>(keys: readonly string[], change: StoreChange<Result>): Promise<Result> {
    const run = this.#database.transaction(() => {
      const time = now();
      const update = change(this.#valuesOf(keys, time), time);
      this.#write(update, time);
      return update.result;
    });
    return run.immediate();
  }

  subscribe(subscriber: StoreSubscriber): () => void {
    let last = this.#lastMessage();
    let isLive = true;
    const poll = setInterval(() => {
      try {
        const messages = this.#messagesSince(last);
        if (!isLive) subscriber.live();
        isLive = true;
        for (const { id, message } of messages) {
          last = id;
          subscriber.hear(message);
        }
      } catch {
        if (isLive) subscriber.lost();
        isLive = false;
      }
    }, POLL_MS);
    poll.unref();
    this.#polls.add(poll);
    subscriber.live();
    return () => {
      clearInterval(poll);
      this.#polls.delete(poll);
    };
  }

  close(): void {
    for (const poll of this.#polls) clearInterval(poll);
    this.#database.close();
  }

  #valuesOf(keys: readonly string[], time: number): (string | undefined)[] {
    const rows = this.#database
      .prepare<[string, number], { key: string; value: string }>(
        `SELECT key, value FROM oidc WHERE key IN (SELECT value FROM json_each(?))
         AND (expires_at IS NULL OR expires_at > ?)`,
      )
      .all(JSON.stringify(keys), time);
    const values = new Map(rows.map(({ key, value }) => [key, value]));
    return keys.map((key) => values.get(key));
  }

  #write({ writes, messages }: StoreUpdate<unknown>, time: number): void {
    const set = this.#database.prepare('INSERT OR REPLACE INTO oidc VALUES (?, ?, ?)');
    const unset = this.#database.prepare('DELETE FROM oidc WHERE key = ?');
    for (const { key, value, ttl } of writes) {
      if (value === undefined) unset.run(key);
      else set.run(key, value, ttl === undefined ? null : time + ttl);
    }
    const send = this.#database.prepare(
      'INSERT INTO oidc_messages (message, sent_at) VALUES (?, ?)',
    );
    for (const message of messages) send.run(message, time);
    this.#forget(time);
  }

  /** A few rows at a time, so that no update takes long. */
  #forget(time: number): void {
    this.#database
      .prepare(
        'DELETE FROM oidc WHERE key IN (SELECT key FROM oidc WHERE expires_at <= ? LIMIT 10)',
      )
      .run(time);
    this.#database.prepare('DELETE FROM oidc_messages WHERE sent_at <= ?').run(time - MESSAGE_TTL);
  }

  #lastMessage(): number {
    const sql = "SELECT seq FROM sqlite_sequence WHERE name = 'oidc_messages'";
    return this.#database.prepare<[], { seq: number }>(sql).get()?.seq ?? 0;
  }

  #messagesSince(last: number): Message[] {
    return this.#database
      .prepare<[number], Message>('SELECT id, message FROM oidc_messages WHERE id > ? ORDER BY id')
      .all(last);
  }
}

function now(): number {
  return Date.now() / 1000;
}
