/** What tests make in the folder for temporary files goes with them, also what libraries make there unasked: each CDK app a folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Before there are workers: they have it from here. @returns what takes it away. */
export default function setUp(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'getschwifty-'));
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
