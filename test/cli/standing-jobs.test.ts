/** `schwifty job standing`: what is asked of the API, and standing jobs in words. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { standingView } from '#api/standing.ts';
import type { LiveStanding } from '#core/jobs/standing/standing.ts';
import { standingListText, standingText } from '../../cli/standing-jobs.ts';
import { jobKey } from '../core/jobs/samples.ts';
import { at, brought, following, incoming, made, nightly, start } from '../core/jobs/standing/samples.ts';
import { type Api, apiOnThisMachine, schwifty } from './program.ts';

const id = 'checkout/nightly';
const { name: job } = jobKey();
const time = { kind: 'clock', due: { at: at(600), missed: 2 }, next: at(1200) } as const;
const answer = (of: LiveStanding = made(nightly)) => ({
  standingJob: standingView(of),
  history: [{ at: start, actor: 'rita', what: 'asked for by rita' }],
});

describe('in words', () => {
  test('what goes on, what waits and why, and what came of what was', () => {
    const going = brought(made({ ...nightly, overlap: 'wait' }), at(600), time, { kind: 'started', job });
    const asked = { kind: 'caused', cause: { kind: 'asked', at: at(700), by: 'bob' } } as const;
    expect(standingText(answer(brought(going, at(700), asked))).split('\n')).toEqual([
      id,
      '  when      0 3 * * * in Europe/Berlin; what comes while one runs waits',
      '  runs      wc -l',
      '  for       rita',
      `  next      ${at(1200)}`,
      `  now       ${job}, since ${at(600)}, for the time ${at(600)}, 2 before it were missed`,
      `  waits     bob, who asked for it, since ${at(700)}`,
      `  ${start}  rita: asked for by rita`,
    ]);
    const over = brought(going, at(800), { kind: 'ended', job, outcome: 'failed', why: '1 chunk failed' });
    expect(standingText(answer(over))).toContain(`  ${at(800)}  failed ${job}, for the time ${at(600)}`);
    expect(standingText(answer(over))).toContain(': 1 chunk failed');
    const refused = brought(made(nightly), at(600), time, { kind: 'refused', why: 'no room' });
    expect(standingText(answer(refused))).toContain(`not started yet, again at ${at(900)}: no room`);
  });

  test('those of a team', () => {
    const all = [made(nightly), made(incoming, 'incoming'), made(following('incoming'), 'second')];
    const text = standingListText([
      ...all.map(standingView),
      standingView(brought(made(nightly), start, { kind: 'pause', by: 'bob' })),
    ]);
    expect(text).toMatch(
      /checkout\/nightly +ready .*0 3 \* \* \* in Europe\/Berlin; what comes while one runs is skipped/,
    );
    expect(text).toMatch(/an upload below s3:\/\/jobs\/datasets\/checkout\/incoming\/; .*waits/);
    expect(text).toMatch(/each success of incoming/);
    expect(text).toMatch(/checkout\/nightly +paused/);
    expect(standingListText([])).toContain('schwifty job standing create');
  });
});

describe('the program', () => {
  let api: Api;
  let folder: string;
  beforeAll(async () => {
    api = await apiOnThisMachine();
    folder = mkdtempSync(join(tmpdir(), 'getschwifty-standing-'));
  });
  afterAll(async () => {
    await api.close();
    rmSync(folder, { recursive: true });
  });
  const said = (...args: string[]) => schwifty(api, ['job', 'standing', ...args]);
  const lines = () => api.asked.map(({ line }) => line);

  test('creates one of a file, and says no before it sends what is wrong', async () => {
    const file = join(folder, 'standing.yaml');
    const text =
      'when: { kind: upload, prefix: s3://jobs/datasets/checkout/in/ }\njob:\n  command: [wc, -l]\n';
    writeFileSync(file, text);
    api.reset(201, answer());
    expect(await said('create', id, '--file', file)).toMatchObject({ code: 0, err: '' });
    expect(lines()).toEqual(['POST /stage/standing-jobs']);
    expect(JSON.parse(api.asked[0]?.body ?? '')).toMatchObject({
      team: 'checkout',
      name: 'nightly',
      standing: { when: { kind: 'upload' }, job: { command: ['wc', '-l'] } },
    });
    writeFileSync(file, text.replace('upload', 'moon'));
    api.reset(201, answer());
    const wrong = await said('create', id, '--file', file);
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/standing\.yaml is not valid: standing\.when/);
    expect(api.asked).toEqual([]);
  });

  test('changes and deletes the version that it read', async () => {
    const file = join(folder, 'change.yaml');
    writeFileSync(
      file,
      JSON.stringify({ when: nightly.when, job: { command: ['cat'], dataset: 's3://jobs/a' } }),
    );
    api.reset(200, answer());
    expect((await said('change', id, '--file', file)).code).toBe(0);
    expect(lines()).toEqual([`GET /stage/standing-jobs/${id}`, `PUT /stage/standing-jobs/${id}`]);
    expect(api.asked[1]?.ifMatch).toBe('"1"');
    api.reset(200, answer());
    expect((await said('delete', id)).out).toContain(`${id} is deleted.`);
    expect(api.asked[1]).toMatchObject({ line: `DELETE /stage/standing-jobs/${id}`, ifMatch: '"1"' });
  });

  test.each([
    ['get', `GET /stage/standing-jobs/${id}`],
    ['pause', `POST /stage/standing-jobs/${id}/pause`],
    ['resume', `POST /stage/standing-jobs/${id}/resume`],
    ['run', `POST /stage/standing-jobs/${id}/runs`],
  ])('%s', async (verb, line) => {
    api.reset(200, answer());
    expect((await said(verb, id)).code).toBe(0);
    expect(lines()).toEqual([line]);
  });

  test('lists those of a team', async () => {
    api.reset(200, { standingJobs: [answer().standingJob] });
    expect((await said('list', 'checkout')).out).toContain(id);
    expect(lines()).toEqual(['GET /stage/teams/checkout/standing-jobs?']);
  });
});
