/**
 * Runs the builds of the local cloud's CodeBuild: `POST /build` starts one, `POST /build/stop` ends it before its time, and every change
 * is posted to the caller; `POST /build/machine` gives the next one a machine without layers. A build runs in process and mount
 * namespaces of its own, so that with its first process everything that it started and mounted is gone.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from '#core/zod.ts';
import {
  abortedAs,
  type BuildPhase,
  type BuildReport,
  type BuildRequest,
  type BuildSettings,
  type BuildStatus,
  startRequest,
  stopRequest,
} from './build-contract.ts';
import { watchDisk } from './build-disk.ts';
import { type BuildLog, buildLog } from './build-log.ts';
import { sendTo } from './build-log-stream.ts';
import { runBuild } from './build-run.ts';
import { forgetLayers } from './container-settings.ts';

export interface Builds {
  readonly start: (request: Request) => Promise<Response>;
  readonly stop: (request: Request) => Promise<Response>;
  /** Answers when the next build finds no layers, as on each machine of CodeBuild: after those that were asked for before. */
  readonly newMachine: () => Promise<Response>;
  /** Ends what runs and waits for it. */
  readonly close: () => Promise<void>;
}

export function createBuilds(settings: BuildSettings): Builds {
  const running = new Map<string, AbortController>();
  // One build at a time: two would only share the same cores, and the storage has one writer.
  let last: Promise<void> = Promise.resolve();

  const start = async (request: Request) => {
    const parsed = startRequest.safeParse(await request.json().catch(() => undefined));
    if (!parsed.success) return refusal(400, z.prettifyError(parsed.error));
    const { buildId } = parsed.data;
    if (running.has(buildId)) return refusal(409, `build ${buildId} runs already`);
    const abort = new AbortController();
    const log = buildLog({
      path: join(settings.logs, 'builds', `${safeName(buildId)}.log`),
      send: sendTo(parsed.data, settings.region),
      failed: (error) => settings.log(`build ${buildId}: its log was not taken: ${String(error)}`),
    });
    last = last
      .then(() => execute(settings, parsed.data, log, abort.signal))
      .catch((error: unknown) => settings.log(`build ${buildId} broke: ${String(error)}`))
      .finally(() => running.delete(buildId));
    running.set(buildId, abort);
    return Response.json({ buildId, logFile: log.path }, { status: 202 });
  };

  const stop = async (request: Request) => {
    const parsed = stopRequest.safeParse(await request.json().catch(() => undefined));
    if (!parsed.success) return refusal(400, z.prettifyError(parsed.error));
    const build = running.get(parsed.data.buildId);
    if (!build) return refusal(404, `no build ${parsed.data.buildId} runs`);
    // Answered at once: who asks may be who has to take the build's last report before this build has ended.
    build.abort('STOPPED');
    return Response.json({ buildId: parsed.data.buildId }, { status: 202 });
  };

  const newMachine = async () => {
    const forgotten = last.then(() => forgetLayers(settings));
    last = forgotten.catch(() => undefined);
    await forgotten;
    return new Response(null, { status: 204 });
  };

  const close = async () => {
    for (const build of running.values()) build.abort('STOPPED');
    await last;
  };
  return { start, stop, newMachine, close };
}

const refusal = (status: number, message: string) => Response.json({ message }, { status });
const safeName = (buildId: string) => buildId.replace(/[^\w.-]+/g, '-');
const now = () => Date.now() / 1000;

async function execute(
  settings: BuildSettings,
  request: BuildRequest,
  log: BuildLog,
  signal: AbortSignal,
): Promise<void> {
  const startTime = now();
  const phases: BuildPhase[] = [];
  const report = (buildStatus: BuildStatus, currentPhase: string, endTime?: number) =>
    post(settings, request, {
      buildId: request.buildId,
      buildStatus,
      currentPhase,
      phases,
      startTime,
      ...(endTime === undefined ? {} : { endTime }),
      logFile: log.path,
    });
  const work = join(settings.state, 'builds', safeName(request.buildId));
  const disk = await watchDisk({ folder: settings.state });
  const limit = AbortSignal.any([signal, timeout(request.timeoutInMinutes), disk.signal]);
  let status: BuildStatus;
  // Short: a socket's path has a hundred characters at most.
  const way = await mkdtemp('/tmp/egress-');
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true });
    status = await runBuild({
      settings,
      request,
      work,
      way: join(way, 'proxy'),
      log,
      signal: limit,
      phases,
      begins: (phase) => report('IN_PROGRESS', phase),
    });
  } catch (error) {
    log.write(`[Container] ${error instanceof Error ? error.message : String(error)}\n`);
    status = limit.aborted ? abortedAs(limit) : 'FAILED';
  } finally {
    disk.close();
    for (const folder of [work, way]) await rm(folder, { recursive: true, force: true });
  }
  log.write(`[Container] Build ${status}\n`);
  await log.close();
  await report(status, 'COMPLETED', now());
}

function timeout(minutes: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort('TIMED_OUT'), minutes * 60_000).unref();
  return controller.signal;
}

/** The caller may be gone; the build goes on, and its log file has the rest. */
async function post(
  settings: BuildSettings,
  { callbackUrl }: BuildRequest,
  report: BuildReport,
): Promise<void> {
  try {
    const answer = await fetch(callbackUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(report),
      signal: AbortSignal.timeout(10_000),
    });
    await answer.body?.cancel();
    if (!answer.ok) settings.log(`build ${report.buildId}: ${callbackUrl} answered ${answer.status}`);
  } catch (error) {
    settings.log(
      `build ${report.buildId}: ${callbackUrl} cannot be told: ${error instanceof Error ? error.message : error}`,
    );
  }
}
