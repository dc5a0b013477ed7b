/** A worker as in its pod, but for its commands, which are its own children: for tests that kill it. */
import { startWorker } from '../../worker/start.ts';
import { OwnRunner } from './own-runner.ts';

await startWorker(async () => new OwnRunner());
