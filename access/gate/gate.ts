/**
 * Stands before an environment's SSH server: passes each connection on to it, answers which keys are good for which of them,
 * and ends a connection whose key is not good any more. What ends when, core/gate.ts decides. Of each that sshd has let in it
 * reports who it was, and how it ended.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Log } from '#adapters/log.ts';
import type { AccessClient } from '#core/access-ports.ts';
import { type GoodKeyAnswer, keyIdOfFingerprint } from '#core/access-protocol.ts';
import { type Connection, type Ending, endingOf, isRevoked, unansweredWords } from '#core/gate.ts';
import type { SessionReport } from '#core/ssh-session.ts';
import type { Reports } from './reports.ts';

export interface GateDeps {
  readonly access: AccessClient;
  /** A new connection to the SSH server. */
  readonly connect: () => Socket;
  /** Milliseconds, of a clock that goes forward only. */
  readonly now: () => number;
  /** What people's clocks say. */
  readonly clock: () => Date;
  readonly reports: Reports;
  readonly log: Log;
}

/** As many as the pod's memory takes. */
const maxConnections = 64;
/** More than anybody has at hand: who asks for so many in one connection means no good. */
const maxKeys = 100;
/** A probe says nothing, and goes: the server is not troubled with it. */
const patienceMs = 500;
const roundsTold = 10;
/** What sshd says of a connection may come after its end. */
const lastWordsMs = 5_000;

class Passage implements Connection {
  readonly id = randomBytes(16).toString('hex');
  readonly client: Socket;
  readonly from: string;
  readonly openedAt: number;
  readonly keys = new Set<string>();
  readonly people = new Set<string>();
  keyedAt: number | undefined;
  server: Socket | undefined;
  ending: Ending | 'too many keys' | 'crowded out' | 'pod ended' | undefined;
  /** Once sshd has let it in, by which key. */
  session: SessionReport | undefined;
  closedAt: Date | undefined;

  constructor(client: Socket, openedAt: number) {
    this.client = client;
    this.from = addressOf(client);
    this.openedAt = openedAt;
  }

  end(why: Passage['ending']): void {
    this.ending ??= why;
    // Not by a last word: whoever holds the other end need not listen.
    this.client.resetAndDestroy();
    this.server?.destroy();
  }
}

/** IPv4 as such, also where the socket takes both. */
function addressOf({ remoteAddress = 'unknown', remotePort }: Socket): string {
  const host = remoteAddress.replace(/^::ffff:/, '');
  return `${host.includes(':') ? `[${host}]` : host}:${remotePort}`;
}

export class Gate {
  readonly #deps: GateDeps;
  readonly #open = new Set<Passage>();
  /** By the port that the server sees. */
  readonly #byPort = new Map<number, Passage>();
  #answeredAt: number;
  /** Rounds in a row. */
  #unanswered = 0;

  constructor(deps: GateDeps) {
    this.#deps = deps;
    this.#answeredAt = deps.now();
  }

  get connections(): number {
    return this.#open.size;
  }

  /** Somebody has connected. */
  accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.#open.size >= maxConnections && !this.#makeRoom()) {
      this.#deps.log.warn('refused: too many connections', { connections: this.#open.size });
      client.destroy();
      return;
    }
    const passage = new Passage(client, this.#deps.now());
    this.#open.add(passage);
    client.setNoDelay(true);
    client.setKeepAlive(true, 30_000);
    const timer = setTimeout(() => this.#passOn(passage), patienceMs);
    // Nothing to be read is its end.
    client.once('readable', () => (client.readableLength > 0 ? this.#passOn(passage) : client.destroy()));
    client.once('close', () => {
      clearTimeout(timer);
      this.#open.delete(passage);
      passage.closedAt = this.#deps.clock();
      passage.server?.destroy();
      this.#tellEnd(passage);
    });
  }

  /** Whoever waits longest without a login goes first: a login takes seconds, who floods the gate has longer ones. */
  #makeRoom(): boolean {
    const idle = [...this.#open].find(({ keyedAt }) => keyedAt === undefined);
    if (!idle) return false;
    this.#open.delete(idle);
    idle.end('crowded out');
    return true;
  }

  #passOn(passage: Passage): void {
    const { client } = passage;
    if (passage.server || client.destroyed) return;
    const server = this.#deps.connect();
    passage.server = server;
    server.setNoDelay(true);
    let port: number | undefined;
    server.once('connect', () => {
      port = server.localPort;
      if (port !== undefined) this.#byPort.set(port, passage);
      client.pipe(server);
      server.pipe(client);
    });
    server.on('error', (error) => this.#deps.log.error('the SSH server was not reached', error));
    server.once('close', () => {
      client.destroySoon();
      setTimeout(() => {
        if (port !== undefined && this.#byPort.get(port) === passage) this.#byPort.delete(port);
      }, lastWordsMs).unref();
    });
  }

  /** @returns the key where it is good for that connection, as a line of authorized_keys; nothing where it is not. */
  async keyFor(port: number, fingerprint: string): Promise<string> {
    const { access, log, now } = this.#deps;
    const passage = this.#byPort.get(port);
    const id = keyIdOfFingerprint(fingerprint);
    if (!passage || passage.client.destroyed || id === undefined) return '';
    const { keys } = await access.ask({ keys: [id], login: { from: passage.from, connection: passage.id } });
    const key = keys.find((each) => each.id === id);
    const asked = { fingerprint, from: passage.from, connection: passage.id };
    if (!key) {
      log.info('key refused', asked);
      return '';
    }
    this.#remember(passage, key, now());
    log.info('key accepted', { ...asked, person: key.person });
    return `${key.type} ${key.blob}\n`;
  }

  /** Before the server is told: from then on the connection may be a session. */
  #remember(passage: Passage, { id, person }: GoodKeyAnswer, now: number): void {
    passage.keys.add(id);
    passage.people.add(person);
    passage.keyedAt ??= now;
    if (passage.keys.size > maxKeys) passage.end('too many keys');
  }

  /** sshd has let that connection in, by that key. Of others than it was told, and of a second one, it says nothing. */
  accepted(port: number, fingerprint: string): void {
    const passage = this.#byPort.get(port);
    const key = keyIdOfFingerprint(fingerprint);
    if (!passage || passage.session || key === undefined || !passage.keys.has(key)) return;
    const { id: connection, from } = passage;
    passage.session = { connection, key, from, beganAt: this.#deps.clock().toISOString() };
    this.#report(passage);
  }

  #report({ session, closedAt, ending }: Passage): void {
    if (!session) return;
    const end = closedAt && { at: closedAt.toISOString(), why: endOf(ending) };
    this.#deps.reports.add({ ...session, ...(end && { end }) });
  }

  /** One round: asks whether all keys of all connections are good still, and ends those that may not go on. */
  async watch(): Promise<void> {
    const { access, log, now } = this.#deps;
    const asked = new Set([...this.#open].flatMap(({ keys }) => [...keys]));
    if (asked.size > 0) {
      try {
        const answer = await access.ask({ keys: [...asked] });
        this.#answeredAt = now();
        this.#unanswered = 0;
        const good = new Set<string>(answer.keys.map(({ id }) => id));
        for (const passage of this.#open) if (isRevoked(passage, asked, good)) passage.end('key revoked');
      } catch (error) {
        // Now and then: an alarm counts them, and the log is kept.
        if (this.#unanswered % roundsTold === 0) log.error(unansweredWords, error);
        this.#unanswered += 1;
      }
    }
    for (const passage of this.#open) {
      const why = endingOf(passage, this.#answeredAt, now());
      if (why !== undefined) passage.end(why);
    }
  }

  /** The pod ends: so do all sessions. */
  close(): void {
    for (const passage of this.#open) passage.end('pod ended');
  }

  #tellEnd(passage: Passage): void {
    const { log, now } = this.#deps;
    const { from, keys, people, keyedAt, ending, openedAt } = passage;
    this.#report(passage);
    const seconds = Math.round((now() - openedAt) / 1000);
    if (keyedAt !== undefined)
      log.info('session ended', { from, people: [...people], keys: [...keys], why: ending, seconds });
    else if (ending !== undefined) log.info('connection ended', { from, why: ending, seconds });
  }
}

/** Whoever is let in is past the other two. */
function endOf(ending: Passage['ending']): NonNullable<SessionReport['end']>['why'] {
  return ending === undefined || ending === 'no login' || ending === 'crowded out' ? 'closed' : ending;
}
