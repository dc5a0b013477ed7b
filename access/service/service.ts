/**
 * Answers the gates: which keys are good, for the team of the environment whose pod asks, and keeps what they say of sessions.
 * Whose it is is known by the pod's token, never by what the question says.
 */
import { createHash } from 'node:crypto';
import type { Log } from '#adapters/log.ts';
import type { SshSessions, Tokens } from '#core/access-ports.ts';
import { type KeysAnswer, KeysQuestion, type ReportsAnswer, SessionReports } from '#core/access-protocol.ts';
import { parseJson, Rejected } from '#core/errors.ts';
import { type EnvironmentKey, environmentId, parseNamespace } from '#core/names.ts';
import type { PersonKeys } from '#core/ports.ts';
import { type SessionReport, sessionOf } from '#core/ssh-session.ts';

export interface ServiceDeps {
  readonly tokens: Tokens;
  readonly keys: Pick<PersonKeys, 'list'>;
  readonly sessions: Pick<SshSessions, 'record'>;
  readonly now: () => Date;
  readonly log: Log;
}

export interface Reply {
  readonly status: number;
  readonly body: KeysAnswer | ReportsAnswer | { readonly message: string };
}

/** A gate asks every two seconds: the cluster need not say each time whose it is. */
const tokenGoodMs = 30_000;
const maxTokens = 10_000;

export class AccessService {
  readonly #deps: ServiceDeps;
  readonly #known = new Map<string, { readonly environment: EnvironmentKey; readonly until: number }>();
  #failures = 0;

  constructor(deps: ServiceDeps) {
    this.#deps = deps;
  }

  /** Its last answers were none: it can't read the table, or ask the cluster. */
  get failures(): number {
    return this.#failures;
  }

  /** Which keys are good. @param authorization as the header has it. */
  answer(authorization: string, body: string): Promise<Reply> {
    return this.#reply(authorization, async (environment) => {
      const { keys: asked, login } = parseJson(KeysQuestion, body, 'the question');
      const wanted = new Set<string>(asked);
      const known = asked.length === 0 ? [] : await this.#deps.keys.list(environment.team);
      const good = known.filter(({ id, state }) => state === 'good' && wanted.has(id));
      if (login) {
        const people = good.map(({ person, fingerprint }) => ({ person, fingerprint }));
        const where = { environment: environmentId(environment), ...login };
        this.#deps.log.info(good.length > 0 ? 'key good' : 'key not good', {
          ...where,
          keys: [...wanted],
          people,
        });
      }
      const answers = good.map(({ id, person, type, blob, fingerprint }) => ({
        ...{ id, person, type, blob, fingerprint },
      }));
      return {
        environment: environmentId(environment),
        keys: answers,
        at: this.#deps.now().toISOString(),
      };
    });
  }

  /** Keeps who logged in, and how it ended. What is said again changes nothing. */
  report(authorization: string, body: string): Promise<Reply> {
    return this.#reply(authorization, async (environment) => {
      const { sessions } = parseJson(SessionReports, body, 'the report');
      const known = await this.#deps.keys.list(environment.team);
      await Promise.all(sessions.map((report) => this.#record(environment, report, known)));
      return { taken: sessions.length };
    });
  }

  async #record(
    environment: EnvironmentKey,
    report: SessionReport,
    known: Parameters<typeof sessionOf>[2],
  ): Promise<void> {
    const session = sessionOf(environment, report, known);
    if (session) return this.#deps.sessions.record(session);
    // Told again it would be the same: it is taken, and said here.
    this.#deps.log.warn('a session by a key that the team never had', {
      environment: environmentId(environment),
      ...report,
    });
  }

  /** @param work what is answered to a pod of that environment. */
  async #reply(
    authorization: string,
    work: (environment: EnvironmentKey) => Promise<KeysAnswer | ReportsAnswer>,
  ): Promise<Reply> {
    try {
      const token = authorization.replace(/^Bearer /, '');
      const environment = token === '' ? undefined : await this.#environmentOf(token);
      const reply: Reply = environment
        ? { status: 200, body: await work(environment) }
        : refusal(401, "The token is not one of an environment's pod.");
      this.#failures = 0;
      return reply;
    } catch (error) {
      if (error instanceof Rejected) return refusal(400, error.message);
      this.#failures += 1;
      this.#deps.log.error('a question was not answered', error);
      return refusal(503, 'It is not known now which keys are good.');
    }
  }

  async #environmentOf(token: string): Promise<EnvironmentKey | undefined> {
    const now = this.#deps.now().getTime();
    const id = createHash('sha256').update(token).digest('base64');
    const known = this.#known.get(id);
    if (known && known.until > now) return known.environment;
    const namespace = await this.#deps.tokens.namespaceOf(token);
    const environment = namespace === undefined ? undefined : parseNamespace(namespace);
    if (!environment) return undefined;
    if (this.#known.size >= maxTokens) this.#known.clear();
    this.#known.set(id, { environment, until: now + tokenGoodMs });
    return environment;
  }
}

const refusal = (status: number, message: string): Reply => ({ status, body: { message } });
