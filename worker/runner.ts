/** Where commands run. The worker feeds them and hears how they end, wherever that is. */
import type { Readable, Writable } from 'node:stream';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Where it could not be started. */
  readonly why?: string;
  /** Of its processes, how many the kernel killed for want of memory; undefined where it does not say. */
  readonly oomKills: number | undefined;
}

export interface CommandProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<Exit>;
  /** It, and all that it started. */
  kill(): void;
}

export interface CommandRunner {
  /** One after the other. @param env beside what commands have there. */
  start(command: readonly string[], env: Readonly<Record<string, string>>): Promise<CommandProcess>;
  /** No command can be started there any more. */
  readonly gone: boolean;
}
