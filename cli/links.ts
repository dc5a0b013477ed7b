/** Files behind links that the API gives. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

export async function bodyOf(url: string): Promise<AsyncIterable<Uint8Array>> {
  const answer = await fetch(url);
  if (!answer.ok || answer.body === null)
    throw new Error(
      `${new URL(url).pathname} was not given (${answer.status}): links hold some minutes, so try again.`,
    );
  return answer.body;
}

export async function* linesOf(url: string): AsyncGenerator<string> {
  yield* createInterface({ input: Readable.from(await bodyOf(url)), crlfDelay: Number.POSITIVE_INFINITY });
}

/** To standard output, as fast as it is taken. */
export async function printed(bytes: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(bytes))
    await new Promise<void>((resolve) => process.stdout.once('drain', () => resolve()));
}
