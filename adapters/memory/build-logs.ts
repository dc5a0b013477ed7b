/** Logs of builds in memory: a cursor is how many lines were read. */
import { type LogLine, linesOfAPage, linesOfATail, streamPrefix } from '#core/build-log.ts';
import type { BuildLogs, LogPage } from '#core/build-ports.ts';
import { Rejected } from '#core/errors.ts';
import type { EnvironmentKey } from '#core/names.ts';

export class MemoryBuildLogs implements BuildLogs {
  readonly #logs = new Map<string, LogLine[]>();

  write(key: EnvironmentKey, number: number, ...lines: LogLine[]): void {
    const name = streamPrefix(key, number);
    this.#logs.set(name, [...(this.#logs.get(name) ?? []), ...lines]);
  }

  async read({ key, number, cursor }: Parameters<BuildLogs['read']>[0]): Promise<LogPage | undefined> {
    if (cursor !== undefined && !/^\d{1,9}$/.test(cursor))
      throw new Rejected('The cursor is none that a page of this log gave.');
    const log = this.#logs.get(streamPrefix(key, number));
    if (log === undefined) return undefined;
    const from = Number(cursor ?? 0);
    const lines = log.slice(from, from + linesOfAPage);
    return { lines, cursor: String(from + lines.length), more: lines.length > 0 || cursor === undefined };
  }

  async tail({ key, number }: Parameters<BuildLogs['tail']>[0]): Promise<readonly LogLine[]> {
    return (this.#logs.get(streamPrefix(key, number)) ?? []).slice(-linesOfATail);
  }
}
