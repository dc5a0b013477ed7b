import { describe, expect, test } from 'vitest';
import { JobRequest } from '#core/jobs/request.ts';
import { failuresText, jobLine, jobsText, jobText, overwriting, workersLines } from '../../cli/job-text.ts';
import { start } from '../contracts/samples.ts';
import { answer, job, key } from './job-answer.ts';

describe('in words', () => {
  test('a line says how far, how fast, how long still', () => {
    expect(jobLine(job())).toBe(
      '[#########...............] 37 %  3.0 MiB of 8.0 MiB  2 of 8 chunks, 1 failed, 4 at work  1.0 MiB/s  5.0 s left  running',
    );
    const cut = { ...job().progress, halved: 2 };
    expect(jobLine(job({ progress: cut }))).toContain('2 of 8 chunks, 1 failed, 2 halved, 4 at work');
    expect(jobText(answer({ progress: cut }))).toContain(
      '\n  halved    2 chunks were cut in two: their commands had no memory left of 256 MiB (more: `schwifty job retry --memory` when it has ended, or resources.memoryMiB; or a smaller chunkMiB)\n',
    );
    expect(jobText(answer())).not.toContain('halved');
    expect(jobLine(job({ paused: true }))).toMatch(/running, paused$/);
    expect(jobLine(job({ phase: 'ended', outcome: 'failed' }))).toMatch(/failed$/);
    const none = { ...job().progress, bytes: 0, bytesDone: 0, share: 0 };
    expect(jobLine(job({ progress: none }))).toMatch(/^\[\.{24}\] 0 %/);
  });

  test('that its database is away is said, for how long, why, and until when', () => {
    const why = 'failed: orders: connecting: ECONNREFUSED';
    const away = { since: start, seconds: 7260, failsAt: '2026-07-02T10:00:00.000Z', why };
    expect(jobLine(job({ away }))).toMatch(/running, its database is away for 2 h 1 m$/);
    expect(jobText(answer({ away }))).toContain(
      `\n  database  not in reach since ${start} (${why}): the job fails at 2026-07-02T10:00:00.000Z\n`,
    );
  });

  test('that its cluster refuses its namespace is said, with the words of the cluster', () => {
    const refused = 'admission webhook "labels" denied the request: no label cost-center';
    expect(jobLine(job({ refused }))).toMatch(/running, \S+ refuses its namespace$/);
    expect(jobLine(job({ refused, phase: 'finishing', outcome: 'succeeded' }))).toMatch(
      /succeeded, ending, \S+ refuses to remove its namespace$/,
    );
    expect(jobText(answer({ refused }))).toMatch(
      /\n {2}refused {3}by \S+, asked again each minute: admission webhook "labels" denied the request: no label cost-center \(ask whoever runs the cluster\)\n/,
    );
    expect(jobText(answer())).not.toContain('refuse');
  });

  test('a job says what it runs, over what, who works and what happened', () => {
    const text = jobText(answer({ phase: 'ended', outcome: 'failed', reason: '2 chunks failed; 0 may.' }));
    expect(text).toMatch(/^checkout\/job-0123456789abcdef {2}failed: 2 chunks failed; 0 may\.\n/);
    for (const part of [
      'wc -l',
      's3://jobs/datasets/checkout/a',
      '0.12 USD so far',
      'worker 0  running, filled again 1 times, 64.0 MiB, 3.0 MiB/s, 1200 records/s',
      'rita: asked for wc',
    ])
      expect(text).toContain(part);
  });

  test('who waits sees each worker that runs, the slowest first, and of many how many more there are', () => {
    const [worker] = answer().workers;
    if (worker?.rate === undefined) throw new Error('it has one');
    const of = (slot: number, bytesPerSecond: number) => ({
      ...{ ...worker, slot, rate: { ...worker.rate, recordsPerSecond: 1, at: start, bytesPerSecond } },
    });
    const { rate: _, memoryBytes: __, ...fresh } = worker;
    const ended = { ...fresh, slot: 9, state: 'succeeded' as const };
    const few = [{ ...fresh, slot: 3 }, of(1, 2048), ended, of(2, 1024)];
    expect(workersLines({ ...answer(), workers: few })).toEqual([
      '  worker 2, 64.0 MiB, 1.0 KiB/s, 1 records/s',
      '  worker 1, 64.0 MiB, 2.0 KiB/s, 1 records/s',
      '  worker 3',
    ]);
    const many = Array.from({ length: 20 }, (_, slot) => of(slot, slot));
    const lines = workersLines({ ...answer(), workers: many });
    expect(lines).toHaveLength(17);
    expect(lines.at(-1)).toBe('  and 4 more');
  });

  test.each<[string, string[], string]>([
    ['nothing', [], '\r\u001b[J'],
    ['a line', ['x'.repeat(80)], '\r\u001b[J'],
    ['several', ['x', '', 'x'], '\r\u001b[2A\u001b[J'],
    ['one that the terminal broke', ['x'.repeat(81), 'x'], '\r\u001b[2A\u001b[J'],
  ])('what was shown is overwritten, whole and nothing else: %s', (_, lines, expected) => {
    expect(overwriting(lines, 80)).toBe(expected);
  });

  test('one that has a share of its cluster says so', () => {
    const text = jobText({ ...answer(), share: { workers: 2, couldUse: 4 } });
    expect(text).toContain("\n  share     2 workers of 4 that it could use: the others are other jobs'\n");
    expect(jobText(answer())).not.toContain('share ');
  });

  test('one of one snapshot says so, and how long that is held', () => {
    const snapshot = { kind: 'job', maxSeconds: 5400 };
    const table = { database: 'shop', table: 'sales', key: ['id'], snapshot };
    const text = jobText(answer({ request: JobRequest.parse({ table, command: ['wc'] }) }));
    expect(text).toMatch(
      /\n {2}snapshot {2}one of all of it, which a worker more holds .*: 1 h 30 m at most\n/,
    );
    expect(jobText(answer())).not.toContain('snapshot');
  });

  test('none says what to do', () => {
    expect(jobsText({ jobs: [] })).toContain('schwifty job submit');
    expect(jobsText({ jobs: [job()], next: key.name })).toMatch(/2 of 8 .*\nThere are older ones\.$/);
  });

  test('a failure says where and what the command said', () => {
    const failure = {
      kind: 'command',
      message: 'it ended with 3',
      exitCode: 3,
      stderr: 'no day\nno month\n',
    } as const;
    const chunk = { chunk: '3', key: 'a', attempts: 4 };
    expect(failuresText([{ ...chunk, start: 300, end: 400, failure: { ...failure, offset: 380 } }])).toBe(
      'chunk 3 of a, bytes 300 to 400, after 4 attempts: command: it ended with 3 (it had been given what is before byte 380)\n    no day\n    no month',
    );
    const large = { kind: 'record-too-large', message: 'it is larger than 10 bytes', offset: 7 } as const;
    expect(failuresText([{ ...chunk, failure: large }])).toMatch(/record-too-large: .* \(at byte 7\)$/);
    const rows = (after: string[] | null, upTo: string[] | null) =>
      failuresText([{ ...chunk, key: 'public.sales', range: { after, upTo }, failure }]);
    expect(rows(['1', 'b'], ['2', 'a'])).toContain(
      'of public.sales, rows behind (1, b) up to (2, a), after 4',
    );
    expect(rows(null, ['2'])).toContain(', rows from the first one up to (2), after');
    expect(rows(['2'], null)).toContain(', rows behind (2), after');
    expect(rows(null, null)).toContain(', all rows, after');
    expect(failuresText([{ ...chunk, chunk: '3ab', failure }])).toMatch(
      /^chunk 3ab \(a piece of 3, whose command had no memory left\) of a, after 4/,
    );
    expect(failuresText([])).toBe('No chunk has failed.');
  });
});
