/**
 * What the gate has to tell of sessions: each until the access service has answered, an end in the place of its beginning. It
 * lives as long as the pod; of what was not told by then nothing is kept.
 */
import type { Log } from '#adapters/log.ts';
import type { AccessClient } from '#core/access-ports.ts';
import { reportedAtOnce } from '#core/access-protocol.ts';
import type { SessionReport } from '#core/ssh-session.ts';

/** Of a long silence; some hundred bytes each. */
const maxWaiting = 2_000;
const roundsTold = 10;

export class Reports {
  readonly #access: AccessClient;
  readonly #log: Log;
  /** By connection, the oldest first. */
  readonly #waiting = new Map<string, SessionReport>();
  #untaken = 0;

  constructor(access: AccessClient, log: Log) {
    this.#access = access;
    this.#log = log;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  add(report: SessionReport): void {
    this.#waiting.set(report.connection, report);
    const [oldest] = this.#waiting;
    if (this.#waiting.size <= maxWaiting || !oldest) return;
    this.#waiting.delete(oldest[0]);
    this.#log.error('a session was not recorded', 'too many wait', oldest[1]);
  }

  /** Some of what waits. */
  async tell(): Promise<void> {
    const told = [...this.#waiting.values()].slice(0, reportedAtOnce);
    if (told.length === 0) return;
    try {
      await this.#access.report({ sessions: told });
      this.#untaken = 0;
    } catch (error) {
      if (this.#untaken % roundsTold === 0)
        this.#log.error('sessions are not recorded yet', error, { waiting: this.waiting });
      this.#untaken += 1;
      return;
    }
    // What came meanwhile of the same connection is another one.
    for (const report of told)
      if (this.#waiting.get(report.connection) === report) this.#waiting.delete(report.connection);
  }
}
