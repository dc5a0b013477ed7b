/** What every reader of build logs must do: all lines once and in order, page by page, and where it is to go on. */
import { beforeEach, expect } from 'vitest';
import { linesOfAPage, linesOfATail } from '#core/build-log.ts';
import type { BuildLogs, LogPage } from '#core/build-ports.ts';
import { Rejected } from '#core/errors.ts';
import type { EnvironmentKey } from '#core/names.ts';
import { contract, type Deviations } from './contract.ts';
import { keyOf } from './samples.ts';

export interface BuildLogsWorld {
  readonly logs: BuildLogs;
  /** As a build prints them. */
  readonly write: (key: EnvironmentKey, number: number, texts: readonly string[]) => Promise<void>;
}

let runs = 0;

export function buildLogsContract(
  name: string,
  make: () => Promise<BuildLogsWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'logs of builds', deviations, (test) => {
    let world: BuildLogsWorld;
    let key: EnvironmentKey;
    beforeEach(async () => {
      world = await make();
      key = keyOf('contract', `l${(runs++).toString(36)}-x${Date.now().toString(36)}`);
    });
    const texts = ({ lines }: LogPage) => lines.map(({ text }) => text);
    const read = async (cursor?: string, number = 1): Promise<LogPage> => {
      const page = await world.logs.read({ key, number, cursor });
      if (!page) throw new Error(`there is no log of build ${number}`);
      return page;
    };
    const many = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => `line ${from + i}`);

    test('a build that printed nothing has none', async () => {
      expect(await world.logs.read({ key, number: 1, cursor: undefined })).toBeUndefined();
    });

    test('page by page all lines come once, in their order; behind the last is nothing', async () => {
      const all = many(0, 2 * linesOfAPage + 7);
      await world.write(key, 1, all);
      const found: string[] = [];
      let page = await read();
      for (; page.more; page = await read(page.cursor)) {
        expect(page.lines.length).toBeLessThanOrEqual(linesOfAPage);
        found.push(...texts(page));
      }
      expect(page.lines).toEqual([]);
      expect(found).toEqual(all);
    });

    test('what is printed later is behind the same cursor', async () => {
      await world.write(key, 1, ['first']);
      let page = await read();
      expect(texts(page)).toEqual(['first']);
      while (page.more) page = await read(page.cursor);
      await world.write(key, 1, ['second']);
      const next = await read(page.cursor);
      expect(texts(next)).toEqual(['second']);
      expect(texts(await read(page.cursor))).toEqual(['second']);
    });

    test('a log is of its build alone', async () => {
      await world.write(key, 1, ['of one']);
      await world.write(key, 11, ['of eleven']);
      expect(texts(await read(undefined, 1))).toEqual(['of one']);
      expect(texts(await read(undefined, 11))).toEqual(['of eleven']);
      expect(await world.logs.read({ key, number: 2, cursor: undefined })).toBeUndefined();
    });

    test('its tail is the last of its lines, in their order; of no log there is none', async () => {
      expect(await world.logs.tail({ key, number: 1 })).toEqual([]);
      const said = async () => (await world.logs.tail({ key, number: 1 })).map(({ text }) => text);
      await world.write(key, 1, ['first', 'second']);
      await world.write(key, 11, ['of another']);
      expect(await said()).toEqual(['first', 'second']);
      const all = many(0, linesOfATail + 7);
      await world.write(key, 1, all);
      expect(await said()).toEqual(all.slice(7));
    });

    test('what is no cursor is refused', async () => {
      await world.write(key, 1, ['first']);
      for (const cursor of ['', '../../other', '..', '\n', 'a.b.c', '*'])
        await expect(world.logs.read({ key, number: 1, cursor })).rejects.toThrow(Rejected);
    });
  });
}
