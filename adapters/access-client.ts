/** Asks the access service, in the name of the pod: its token is read each time, for the kubelet renews it. */
import { readFile } from 'node:fs/promises';
import type { AccessClient } from '#core/access-ports.ts';
import { KeysAnswer, type KeysQuestion, ReportsAnswer, type SessionReports } from '#core/access-protocol.ts';
import { parseJson, Retryable } from '#core/errors.ts';

interface Options {
  readonly url: string;
  readonly tokenFile: string;
  /** Of one question. */
  readonly timeoutMs?: number;
}

export class HttpAccess implements AccessClient {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  async ask(question: KeysQuestion): Promise<KeysAnswer> {
    return parseJson(KeysAnswer, await this.#post('/keys', question), "the access service's answer");
  }

  async report(reports: SessionReports): Promise<void> {
    parseJson(ReportsAnswer, await this.#post('/sessions', reports), "the access service's answer");
  }

  async #post(path: string, question: object): Promise<string> {
    const { url, tokenFile, timeoutMs = 2_000 } = this.#options;
    const token = (await readFile(tokenFile, 'utf8')).trim();
    const response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    const body = await response.text();
    if (!response.ok)
      throw new Retryable(`The access service answered ${response.status}: ${body.slice(0, 200)}`);
    return body;
  }
}
