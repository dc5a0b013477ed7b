/** A credential that ends, asked for anew in good time: a build may take longer than it lasts. */

export interface Ending {
  /** What an Authorization header says. */
  readonly authorization: string;
  /** In milliseconds, as `Date.now` tells them. */
  readonly ends: number;
}

interface Renewing {
  readonly get: () => Promise<Ending>;
  readonly say: (line: string) => void;
  readonly now?: () => number;
}

/** A download that begins now must have begun before the end, and getting a new one may fail some times. */
const enoughMs = 300_000;
/** Between two tries, while what is there is good. */
const pauseMs = 20_000;

/** @returns one that is good now; all who ask meanwhile wait for the same. */
export function renewed({ get, say, now = () => Date.now() }: Renewing): () => Promise<string> {
  let held: Ending | undefined;
  let asking: Promise<Ending> | undefined;
  let notBefore = 0;
  const ask = (): Promise<Ending> => {
    asking ??= get().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  const isGoodFor = (ms: number): boolean => held !== undefined && held.ends - now() > ms;
  return async () => {
    if (held !== undefined && (isGoodFor(enoughMs) || (isGoodFor(0) && now() < notBefore)))
      return held.authorization;
    try {
      held = await ask();
    } catch (error) {
      if (held === undefined || !isGoodFor(0)) throw error;
      notBefore = now() + pauseMs;
      say(
        `what it reads an index with is not renewed yet: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return held.authorization;
  };
}
