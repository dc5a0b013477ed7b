/**
 * The wrapper of functions that CloudFormation calls for a custom resource. It answers to the presigned URL of the
 * request. Source: AWS CloudFormation user guide, "Custom resource request and response reference".
 */
import { parse } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { log } from './log.ts';

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

/**
 * @param physicalId one that stays the same for as long as the resource is the same.
 * @param work throws where the resource could not be made, and its message is told to who deploys.
 */
export function customResource(
  physicalId: (request: Request) => string,
  work: (request: Request) => Promise<Readonly<Record<string, string>> | undefined>,
): (event: unknown) => Promise<void> {
  return async (event) => {
    const request = parse(Request, event, "CloudFormation's request");
    const { StackId, RequestId, LogicalResourceId } = request;
    const outcome = await work(request).then(
      (data) => ({ Status: 'SUCCESS', Reason: 'It is as it shall be.', Data: data ?? {} }),
      (error: unknown) => {
        log.error('the resource was not made', error, { resource: LogicalResourceId });
        return { Status: 'FAILED', Reason: error instanceof Error ? error.message : String(error) };
      },
    );
    const PhysicalResourceId = physicalId(request);
    const answer = { ...outcome, PhysicalResourceId, StackId, RequestId, LogicalResourceId };
    // The URL may be signed for an empty content type, as CDK's own handlers send it.
    const headers = { 'content-type': '' };
    const sent = await fetch(request.ResponseURL, { method: 'PUT', headers, body: JSON.stringify(answer) });
    if (!sent.ok)
      throw new Error(`CloudFormation did not take the answer: ${sent.status} ${await sent.text()}`);
  };
}
