/** What other engines read is what the job's own workers read. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chunksOf } from '#core/jobs/plan.ts';
import { JobRequest, planOf } from '#core/jobs/request.ts';
import { splitsOf } from '#core/jobs/splits.ts';

const MiB = 2 ** 20;
const anyJob = fc.record({
  sizes: fc.array(fc.nat({ max: 5 * MiB }), { maxLength: 6 }),
  asked: fc.constantFrom(
    { chunkMiB: 1 },
    { chunkMiB: 2, records: { kind: 'csv' }, header: true },
    { chunkMiB: 1, records: { kind: 'delimited', delimiter: '0d0a' } },
    { chunkMiB: 1, records: { kind: 'fixed', width: 1 } },
    { compression: 'gzip' },
  ),
  quoted: fc.func(fc.boolean()),
});

it('splits are the chunks of the plan, and every byte of each object is in one', () => {
  fc.assert(
    fc.property(anyJob, ({ sizes, asked, quoted }) => {
      const request = JobRequest.parse({ dataset: 's3://lake/sales/', command: ['wc'], ...asked });
      const objects = sizes.map((size, i) => ({ key: `sales/${i}`, size, etag: `"${i}"` }));
      const splits = [...splitsOf(request, objects, quoted)];
      const { records, compression, header } = request;
      const how = { bucket: 'lake', records, compression, header };
      expect(splits).toEqual(
        [...chunksOf(planOf(request, objects), 0, quoted)].map(
          ({ id: chunk, aligned: _, scanFrom: __, ...range }) => ({ chunk, ...range, ...how }),
        ),
      );
      for (const { key, size, etag } of objects) {
        let at = 0;
        for (const split of splits.filter((one) => one.key === key)) {
          expect(split).toMatchObject({ start: at, size, etag });
          at = split.end;
        }
        expect(at).toBe(size);
      }
    }),
  );
});
