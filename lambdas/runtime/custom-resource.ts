/**
 * The wrapper of functions that CloudFormation calls for a custom resource. It answers to the presigned URL of the
 * request, whose id stands on its log lines where a stage's message id does. Source: AWS CloudFormation user guide, "Custom resource request and response reference".
 */
import { parse } from '#core/errors.ts';
import { count, time } from '#core/measures.ts';
import * as z from '#core/zod.ts';
import { log, note, withFields } from './log.ts';
import { measure } from './metrics.ts';

const Request = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  ResourceType: z.string(),
  ResourceProperties: z._default(z.record(z.string(), z.unknown()), {}),
  /** Of an update: what they were. */
  OldResourceProperties: z.optional(z.record(z.string(), z.unknown())),
});
export type Request = z.infer<typeof Request>;

interface CustomResource {
  /** What it logs and measures under. */
  readonly stage: string;
  /** One that stays the same for as long as the resource is the same. */
  readonly physicalId: (request: Request) => string;
  /** Throws where the resource could not be made, and its message is told to who deploys. */
  readonly work: (request: Request) => Promise<Readonly<Record<string, string>> | undefined>;
}

export const customResource =
  (resource: CustomResource): ((event: unknown) => Promise<void>) =>
  (event) =>
    withFields({ stage: resource.stage }, async () => {
      const begun = performance.now();
      try {
        const status = await answered(resource, parse(Request, event, "CloudFormation's request"));
        measure([count(status === 'SUCCESS' ? 'Handled' : 'Failed')]);
      } catch (error) {
        log.error('CloudFormation has no answer', error);
        measure([count('Retried')]);
        throw error;
      } finally {
        measure([time('ResponseTime', performance.now() - begun)]);
      }
    });

async function answered({ work, physicalId }: CustomResource, request: Request) {
  const { StackId, RequestId, LogicalResourceId, RequestType } = request;
  note({ messageId: RequestId, stack: StackId, resource: LogicalResourceId });
  const outcome = await work(request).then(
    (data) => ({ Status: 'SUCCESS' as const, Reason: 'It is as it shall be.', Data: data ?? {} }),
    (error: unknown) => {
      log.error('the resource was not made', error);
      const Reason = error instanceof Error ? error.message : String(error);
      return { Status: 'FAILED' as const, Reason };
    },
  );
  const PhysicalResourceId = physicalId(request);
  const answer = { ...outcome, PhysicalResourceId, StackId, RequestId, LogicalResourceId };
  // The URL may be signed for an empty content type, as CDK's own handlers send it.
  const headers = { 'content-type': '' };
  const sent = await fetch(request.ResponseURL, { method: 'PUT', headers, body: JSON.stringify(answer) });
  if (!sent.ok)
    throw new Error(`CloudFormation did not take the answer: ${sent.status} ${await sent.text()}`);
  log.info('answered', { request: RequestType, status: outcome.Status });
  return outcome.Status;
}
