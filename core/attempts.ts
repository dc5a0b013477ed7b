/** How often a stage tries a message, and when again. Its queue moves one to the DLQ that has failed so often. */
export const attempts = 5;

/**
 * Soon, for most that fails passes in a moment; then four times as late each time, so that all attempts together outlast an outage
 * of half an hour. After the last one at once: who looks at the DLQ is to see it there.
 * @param attempt that failed, from 1 on.
 */
export const againAfterSeconds = (attempt: number): number =>
  attempt >= attempts ? 0 : Math.min(30 * 4 ** (attempt - 1), 1800);
