/** Plain `ssh`, `sftp`, `scp` and `rsync` as people run them, with files of their own that go when the tests are over. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface KeyPair {
  /** Its file. */
  readonly file: string;
  readonly publicLine: string;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of one environment, known by its name: its address is asked of the local cloud's own name server. */
export class SshClient {
  readonly folder = mkdtempSync(join(tmpdir(), 'getschwifty-ssh-'));
  readonly #name: string;
  readonly #address: () => string;

  constructor(name: string, address: () => string) {
    this.#name = name;
    this.#address = address;
  }

  get host(): string {
    return `app@${this.#name}`;
  }

  async keyPair(name: string): Promise<KeyPair> {
    const file = join(this.folder, name);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
    return { file, publicLine: readFileSync(`${file}.pub`, 'utf8').trim() };
  }

  /** Only this host key is good, and nothing is asked. */
  know(publicKey: string): void {
    writeFileSync(join(this.folder, 'known_hosts'), `${this.#name} ${publicKey}\n`);
  }

  options(key: KeyPair | undefined): string[] {
    const options = {
      HostName: this.#address(),
      HostKeyAlias: this.#name,
      UserKnownHostsFile: join(this.folder, 'known_hosts'),
      GlobalKnownHostsFile: '/dev/null',
      StrictHostKeyChecking: 'yes',
      IdentitiesOnly: 'yes',
      IdentityAgent: 'none',
      BatchMode: 'yes',
      ConnectTimeout: '10',
      ...(key && { IdentityFile: key.file }),
    };
    return [
      '-F',
      '/dev/null',
      ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ];
  }

  /** A command there. */
  ssh(key: KeyPair | undefined, command: string, more: readonly string[] = []): Promise<Ran> {
    return ran('ssh', [...this.options(key), ...more, this.host, command]);
  }

  /** A session that stays. */
  session(key: KeyPair, command: string, more: readonly string[] = []): ChildProcess {
    const args = [...this.options(key), ...more, this.host, command];
    return spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function ran(program: string, args: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = endOf(child);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return ended;
}

export function endOf(child: ChildProcess): Promise<Ran> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (part) => {
    stdout += String(part);
  });
  child.stderr?.on('data', (part) => {
    stderr += String(part);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}
