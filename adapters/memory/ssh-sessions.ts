/** Who logged in, in memory. */

import type { SshSessions } from '#core/access-ports.ts';
import type { EnvironmentKey } from '#core/names.ts';
import { isNews, type SshSession, sessionPlace } from '#core/ssh-session.ts';

export class MemorySshSessions implements SshSessions {
  readonly #sessions = new Map<string, SshSession>();

  async record(session: SshSession): Promise<void> {
    const place = `${session.team}/${session.name} ${sessionPlace(session)}`;
    if (isNews(session, this.#sessions.get(place))) this.#sessions.set(place, session);
  }

  async list({ team, name }: EnvironmentKey, before: string | undefined, limit: number) {
    const older = [...this.#sessions.values()]
      .filter((session) => session.team === team && session.name === name)
      .filter((session) => before === undefined || sessionPlace(session) < before)
      .sort((a, b) => (sessionPlace(a) < sessionPlace(b) ? 1 : -1));
    const sessions = older.slice(0, limit);
    const last = sessions.at(-1);
    return { sessions, ...(last && older.length > limit && { next: sessionPlace(last) }) };
  }
}
