/** Does something again and again, as a controller does: a failure is told once and the next turn tries again. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Loop {
  /** After the turn under way. */
  stop(): Promise<void>;
}

export function repeat(interval: number, turn: () => Promise<void>, log: (message: string) => void): Loop {
  const stopping = new AbortController();
  const running = (async () => {
    let failure: string | undefined;
    while (!stopping.signal.aborted) {
      const outcome = await turn().then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      if (outcome !== failure) log(outcome ?? 'works again');
      failure = outcome;
      await sleep(interval, undefined, { signal: stopping.signal }).catch(ignoreAbort);
    }
  })();
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}
