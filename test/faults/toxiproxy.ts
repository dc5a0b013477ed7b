/**
 * Toxiproxy between a client and a server: latency, little bandwidth, connections that are cut, silent or refused. Its
 * server is built from its source (go.mod and go.sum beside) once, and kept where the other built programs are.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from '#core/zod.ts';
import { instanceOf } from '#local/instance.ts';
import { ensureGo } from '#local/setup/go.ts';
import { run } from '#local/setup/run.ts';
import { freePort } from '../free-port.ts';

const source = fileURLToPath(new URL('toxiproxy', import.meta.url));

/** Toxiproxy's README, "Toxics". */
export interface Toxic {
  readonly type: 'latency' | 'bandwidth' | 'slow_close' | 'timeout' | 'reset_peer' | 'slicer' | 'limit_data';
  /** `downstream` is what the server sends. */
  readonly stream: 'upstream' | 'downstream';
  readonly attributes: Readonly<Record<string, number>>;
}

/** Where it listens: it was asked to find a port. */
const Made = z.object({ listen: z.string() });

export class Toxiproxy {
  readonly #process: ChildProcess;
  readonly #api: string;
  #listen = '';

  private constructor(process: ChildProcess, api: string) {
    this.#process = process;
    this.#api = api;
  }

  /** @param upstream `host:port` that the proxy leads to. */
  static async start(upstream: string): Promise<Toxiproxy> {
    const program = await built();
    const port = await freePort();
    const server = spawn(program, ['-host', '127.0.0.1', '-port', String(port)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const proxy = new Toxiproxy(server, `http://127.0.0.1:${port}`);
    try {
      await proxy.#ready();
      const wanted = { name: 'registry', listen: '127.0.0.1:0', upstream, enabled: true };
      proxy.#listen = Made.parse(await proxy.#call('POST', '/proxies', wanted)).listen;
      return proxy;
    } catch (error) {
      await proxy.stop();
      throw error;
    }
  }

  get origin(): string {
    return `http://${this.#listen}`;
  }

  async add(toxic: Toxic): Promise<void> {
    await this.#call('POST', '/proxies/registry/toxics', toxic);
  }

  async enable(enabled: boolean): Promise<void> {
    await this.#call('POST', '/proxies/registry', { enabled });
  }

  /** Takes all toxics away, and enables. */
  async heal(): Promise<void> {
    await this.#call('POST', '/reset', {});
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }

  async #ready(): Promise<void> {
    for (;;) {
      if (this.#process.exitCode !== null) throw new Error(`toxiproxy ended with ${this.#process.exitCode}`);
      const answer = await fetch(`${this.#api}/version`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #call(method: string, path: string, body: object): Promise<unknown> {
    const answer = await fetch(`${this.#api}${path}`, { method, body: JSON.stringify(body) });
    if (!answer.ok)
      throw new Error(`toxiproxy answered ${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }
}

/** Its path. Minutes on a busy machine the first time. */
export async function built(): Promise<string> {
  const instance = instanceOf('test');
  const hash = createHash('sha256').update(process.arch);
  for (const name of ['go.mod', 'go.sum']) hash.update(readFileSync(join(source, name)));
  const program = join(instance.cache, `toxiproxy-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(program)) return program;
  mkdirSync(instance.cache, { recursive: true });
  const log = join(instance.root, '.state/toxiproxy.log');
  const fresh = mkdtempSync(`${program}.`);
  try {
    const args = [
      'build',
      '-trimpath',
      '-o',
      join(fresh, 'server'),
      'github.com/Shopify/toxiproxy/v2/cmd/server',
    ];
    const env = { ...process.env, CGO_ENABLED: '0' };
    await run(await ensureGo(instance, log), args, { log, cwd: source, env });
    // Another checkout may have been faster; its copy is the same.
    renameSync(join(fresh, 'server'), program);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return program;
}
