/** What came of a job's queue: a chunk, or what is none and is to be removed. */
import { parseJson, Rejected } from '../errors.ts';
import { ChunkMessage } from './messages.ts';
import { type Delivery, NoChunk } from './ports.ts';

/** @param where names the message, so that a person can find it. @throws NoChunk */
export function deliveryOf(body: string, receipt: string, where: string): Delivery {
  try {
    return { message: parseJson(ChunkMessage, body, where), receipt };
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    throw new NoChunk(error.message, receipt, { cause: error });
  }
}
