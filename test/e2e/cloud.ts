/** The local cloud that local/test.ts brought up, and the clients that the tests use as its administrator. */

import { accessTo } from '#local/demo/access.ts';
import { readCloud } from '#local/setup/cloud-file.ts';

const file = process.env['GETSCHWIFTY_CLOUD'];
if (file === undefined) throw new Error("GETSCHWIFTY_CLOUD names no cloud: run these tests by 'npm test'.");

export const cloud = readCloud(file);
export const access = accessTo(cloud);

/** An output of any stack: there is one of each name. */
export function output(name: string): string {
  const value = Object.values(cloud.outputs).flatMap((outputs) => outputs[name] ?? [])[0];
  if (value === undefined) throw new Error(`no stack has an output ${name}`);
  return value;
}
