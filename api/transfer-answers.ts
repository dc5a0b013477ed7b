/** What is answered of transfers of environments to other teams. */
import { Environment } from '#core/environment.ts';
import { EnvironmentKey } from '#core/names.ts';
import { Judgement } from '#core/trace.ts';
import { Transfer } from '#core/transfer/item.ts';
import * as z from '#core/zod.ts';

export const TransferAnswer = z.object({
  transfer: Transfer,
  /** What takes its place, or would. */
  successor: EnvironmentKey,
  /** While it is offered or waits for what takes its place: what it is made from, and the verdict on what runs. */
  spec: z.optional(Environment.shape.spec),
  verdict: z.optional(Judgement),
});
export type TransferAnswer = z.infer<typeof TransferAnswer>;

/** One page, by what is offered; `next` is the cursor of the page after it, if there is one. */
export const TransfersAnswer = z.object({
  transfers: z.array(z.object({ transfer: Transfer, successor: EnvironmentKey })),
  next: z.optional(z.string()),
});
export type TransfersAnswer = z.infer<typeof TransfersAnswer>;
