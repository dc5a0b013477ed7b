/** What is asked of the build runner, what it tells, and what it is told once. */
import * as z from '#core/zod.ts';
import { DiskFull } from './build-disk.ts';

export const startRequest = z.object({
  buildId: z.string().check(z.minLength(1)),
  callbackUrl: z.url(),
  environment: z._default(
    z.array(
      z.object({
        name: z.string().check(z.minLength(1)),
        value: z.string(),
        type: z.optional(z.literal('PLAINTEXT')),
      }),
    ),
    [],
  ),
  source: z.object({
    type: z.literal('S3'),
    location: z.string().check(z.regex(/^[^/]+\/.+\/$/, 'bucket/prefix/ is expected')),
  }),
  buildspec: z.string().check(z.minLength(1)),
  /** In CloudWatch Logs: the build writes there itself, as its project's role. */
  logs: z.object({
    groupName: z.string().check(z.minLength(1)),
    streamName: z.string().check(z.minLength(1)),
  }),
  credentials: z.object({
    accessKeyId: z.string().check(z.minLength(1)),
    secretAccessKey: z.string().check(z.minLength(1)),
    sessionToken: z.optional(z.string().check(z.minLength(1))),
  }),
  endpoint: z.url(),
  timeoutInMinutes: z._default(z.number().check(z.positive(), z.maximum(480)), 60),
});
export const stopRequest = z.object({ buildId: z.string().check(z.minLength(1)) });

export type BuildRequest = z.infer<typeof startRequest>;
export type BuildStatus = 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'STOPPED' | 'TIMED_OUT';

/** As CodeBuild names them; instants are seconds since 1970. */
export interface BuildPhase {
  readonly phaseType: 'DOWNLOAD_SOURCE' | 'INSTALL' | 'PRE_BUILD' | 'BUILD' | 'POST_BUILD';
  readonly phaseStatus: 'SUCCEEDED' | 'FAILED' | 'STOPPED' | 'TIMED_OUT';
  readonly startTime: number;
  readonly endTime: number;
  readonly contexts: readonly { statusCode: string; message: string }[];
}

/** What is posted to `callbackUrl` when a phase begins and at the end. */
export interface BuildReport {
  readonly buildId: string;
  readonly buildStatus: BuildStatus;
  readonly currentPhase: string;
  readonly phases: readonly BuildPhase[];
  readonly startTime: number;
  readonly endTime?: number;
  readonly logFile: string;
}

export interface BuildSettings {
  /** The instance's folders. */
  readonly state: string;
  readonly logs: string;
  /** Where the registry is (`http://host:port`), and its name in image references. */
  readonly registry: string;
  readonly registryName: string;
  readonly accountId: string;
  readonly region: string;
  /** The folder of the `aws` program. */
  readonly awsBin: string;
  readonly log: (line: string) => void;
}

/** One that filled the disk failed by its own doing, as it would on CodeBuild's machine. */
export function abortedAs({ reason }: AbortSignal): 'STOPPED' | 'TIMED_OUT' | 'FAILED' {
  if (reason instanceof DiskFull) return 'FAILED';
  return reason === 'TIMED_OUT' ? 'TIMED_OUT' : 'STOPPED';
}
