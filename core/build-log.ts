/** The log of a build, as people read it: page by page, in lines that are no longer than anybody reads. */
import { type EnvironmentKey, environmentId, type Instant } from './names.ts';

/** Of one page, which CloudWatch ends at a megabyte too: what a build may print at most is read in some hundred pages. */
export const linesOfAPage = 2000;
/** Of what is read from its end: what a step that failed said last, with what its machine says behind it. */
export const linesOfATail = 500;
const lineLength = 1000;
/** Behind what is left of a line that is longer. */
export const cutMark = '… (cut)';

export interface LogLine {
  readonly at: Instant;
  readonly text: string;
}

/** The folder of streams that belong to a build; what CodeBuild puts behind it is its own id of the build. */
export const streamPrefix = (key: EnvironmentKey, number: number): string =>
  `${environmentId(key)}/${number}/`;

/** What moves a terminal's cursor, or colours it, is not part of it. */
export function lineOf(timestampMs: number, message: string): LogLine {
  const text = message.replace(escapes, '').replace(controls, '').trimEnd();
  const cut = text.length > lineLength ? `${text.slice(0, lineLength)}${cutMark}` : text;
  return { at: new Date(timestampMs).toISOString(), text: cut };
}

const [bell, esc] = [String.fromCharCode(0x07), String.fromCharCode(0x1b)];
/** ECMA-48: control sequences, and operating system commands up to their end. */
const escapes = new RegExp(`${esc}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${bell}${esc}]*)`, 'g');
/** All but the tab. */
const controls = /(?!\t)\p{Cc}/gu;
