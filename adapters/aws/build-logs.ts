/**
 * Logs of builds, in CloudWatch Logs: CodeBuild writes each to a stream `<team>/<name>/<number>/<its own id>`. A cursor is that
 * id and CloudWatch's token: what a person sends back is held to both grammars, and can name no other build's stream.
 */
import {
  CloudWatchLogsClient,
  DescribeLogStreamsCommand,
  GetLogEventsCommand,
  InvalidParameterException,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import { type LogLine, lineOf, linesOfAPage, linesOfATail, streamPrefix } from '#core/build-log.ts';
import type { BuildLogs, LogPage } from '#core/build-ports.ts';
import { Rejected } from '#core/errors.ts';
import { once } from '../once.ts';
import { retryable } from './errors.ts';

const pagesOfATail = 5;

type Read = Parameters<BuildLogs['read']>[0];

export class CloudWatchBuildLogs implements BuildLogs {
  readonly #group: string;
  readonly #client: () => CloudWatchLogsClient;

  constructor(group: string, client: () => CloudWatchLogsClient = once(() => new CloudWatchLogsClient({}))) {
    this.#group = group;
    this.#client = client;
  }

  async read({ key, number, cursor }: Read): Promise<LogPage | undefined> {
    const prefix = streamPrefix(key, number);
    const { stream, token } =
      cursor === undefined ? { stream: await this.#stream(prefix), token: undefined } : placeOf(cursor);
    if (stream === undefined) return undefined;
    const command = new GetLogEventsCommand({
      logGroupName: this.#group,
      logStreamName: `${prefix}${stream}`,
      startFromHead: true,
      limit: linesOfAPage,
      ...(token === undefined ? {} : { nextToken: token }),
    });
    const answer = await this.#send(() => this.#client().send(command));
    if (answer === undefined) return undefined;
    const lines = (answer.events ?? []).map(({ timestamp = 0, message = '' }) => lineOf(timestamp, message));
    const next = answer.nextForwardToken ?? token;
    // The same token again is CloudWatch's word for the end, as far as it is written.
    return { lines, cursor: cursorOf(stream, next), more: next !== token };
  }

  async tail({ key, number }: Parameters<BuildLogs['tail']>[0]): Promise<readonly LogLine[]> {
    const prefix = streamPrefix(key, number);
    const stream = await this.#stream(prefix);
    if (stream === undefined) return [];
    const place = { logGroupName: this.#group, logStreamName: `${prefix}${stream}`, startFromHead: false };
    let found: LogLine[] = [];
    let token: string | undefined;
    // A page may have less than was asked for, or nothing, though there is more before it.
    for (let pages = 0; pages < pagesOfATail && found.length < linesOfATail; pages++) {
      const limit = linesOfATail - found.length;
      const command = new GetLogEventsCommand({
        ...place,
        limit,
        ...(token !== undefined && { nextToken: token }),
      });
      const answer = await this.#send(() => this.#client().send(command));
      const events = answer?.events ?? [];
      found = [...events.map(({ timestamp = 0, message = '' }) => lineOf(timestamp, message)), ...found];
      const next = answer?.nextBackwardToken;
      if (next === undefined || next === token) break;
      token = next;
    }
    return found;
  }

  /** The id that CodeBuild gave to the build; undefined where none wrote a line. A second one would be of a repeated start. */
  async #stream(prefix: string): Promise<string | undefined> {
    const command = new DescribeLogStreamsCommand({
      logGroupName: this.#group,
      logStreamNamePrefix: prefix,
      limit: 1,
    });
    const answer = await this.#send(() => this.#client().send(command));
    return answer?.logStreams?.[0]?.logStreamName?.slice(prefix.length);
  }

  /** @returns undefined where there is no such stream: none was begun, or it is older than logs are kept. */
  async #send<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await retryable('CloudWatch Logs', work);
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      if (error instanceof InvalidParameterException) throw noCursor();
      throw error;
    }
  }
}

const grammar = /^([A-Za-z0-9-]{1,64})\.([A-Za-z0-9_-]{0,1024})$/;

const cursorOf = (stream: string, token = ''): string =>
  `${stream}.${Buffer.from(token).toString('base64url')}`;

function placeOf(cursor: string): { readonly stream: string; readonly token: string | undefined } {
  const [, stream, encoded = ''] = grammar.exec(cursor) ?? [];
  if (stream === undefined) throw noCursor();
  const token = Buffer.from(encoded, 'base64url').toString();
  return { stream, token: token === '' ? undefined : token };
}

const noCursor = () => new Rejected('The cursor is none that a page of this log gave.');
