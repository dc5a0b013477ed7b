/** Asks the cluster for what it may refuse for a while: its no is told to people and asked again, and is no fault of the message. */
import { Rejected } from '#core/errors.ts';

/** @returns the cluster's words, where it would not have it. */
export async function refusalOf(ask: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await ask();
    return undefined;
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return error.message;
  }
}
