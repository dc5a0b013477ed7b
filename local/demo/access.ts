/** How the demo and the end-to-end tests reach a local cloud: addresses, and the emulator's administrator. */
import * as z from '#core/zod.ts';
import { adminCredentials } from '#local/aws/emulator.ts';
import type { Cloud } from '#local/setup/cloud-file.ts';

export interface Access {
  readonly cloud: Cloud;
  /** Of the HTTP API. */
  readonly api: string;
  /** For any client of the AWS SDK. */
  readonly sdk: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
}

const Outputs = z.object({
  ApiId: z.string(),
  UserPoolId: z.string(),
  UserPoolClientId: z.string(),
  TopicArn: z.string(),
  TableName: z.string(),
  HostedZoneId: z.string(),
  JobBucketName: z.string(),
});

/** The outputs of the control plane's stack. */
export const controlPlane = (cloud: Cloud): z.infer<typeof Outputs> =>
  Outputs.parse(Object.assign({}, ...Object.values(cloud.outputs)));

/** The addresses in the outputs are AWS's own; the emulator serves its APIs below a path of its gateway. */
export function accessTo(cloud: Cloud): Access {
  return {
    cloud,
    api: `${cloud.aws}/_aws/execute-api/${controlPlane(cloud).ApiId}`,
    sdk: {
      endpoint: cloud.aws,
      region: 'us-east-1',
      credentials: adminCredentials,
    },
  };
}
