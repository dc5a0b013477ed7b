/** Where everything of a running local cloud is found: written when it is up, read by the demo, the tests and the CLI. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from '#core/zod.ts';
import type { Instance } from '#local/instance.ts';

/** The registry as image references name it, here as in AWS. */
export const registryHost = '000000000000.dkr.ecr.us-east-1.amazonaws.com';

const cloudSchema = z.object({
  name: z.string(),
  state: z.string(),
  logs: z.string(),
  /** The emulator: every AWS endpoint. */
  aws: z.url(),
  /** Scanner, builds, token review; the pager's pages are at `<services>/pager`. */
  services: z.url(),
  dns: z.object({ host: z.string(), port: z.int() }),
  kubernetes: z.object({ endpoint: z.url(), kubeconfig: z.string(), kubectl: z.string() }),
  /** As image references name it; it answers at `aws`. */
  registry: z.string(),
  /** Of each stack. */
  outputs: z.record(z.string(), z.record(z.string(), z.string())),
});
export type Cloud = z.infer<typeof cloudSchema>;

export const cloudFile = (instance: Pick<Instance, 'state'>): string => join(instance.state, 'cloud.json');

export function writeCloud(cloud: Cloud): Cloud {
  writeFileSync(cloudFile(cloud), JSON.stringify(cloudSchema.parse(cloud), null, 2));
  return cloud;
}

export function readCloud(file: string): Cloud {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`the local cloud is not up (${file} is not there): run 'npm start'`);
  }
  return cloudSchema.parse(JSON.parse(text));
}
