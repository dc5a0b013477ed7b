/** Runbooks are read at night: each alarm names one that is there and says the same, and their commands name what is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from '#core/zod.ts';
import { Assembly } from './assembly.ts';

const folder = 'docs/runbooks';
const index = 'README.md';

const assembly = new Assembly();
const files = readdirSync(folder);
const textOf = (file: string): string => readFileSync(`${folder}/${file}`, 'utf8').replace(/\s+/g, ' ');

const Alarm = z.object({ AlarmDescription: z.string() });
/** `<seen> <impact> Runbook: docs/runbooks/<name>.md`: the last sentence before the runbook is of the impact. */
const Description = /([^.]+\.) Runbook: docs\/runbooks\/([a-z-]+\.md)$/;

const alarms = assembly.ofType('AWS::CloudWatch::Alarm').map(([id, { Properties }]) => {
  const [, impact, file] = Description.exec(Alarm.parse(Properties).AlarmDescription) ?? [];
  return { id, impact: impact?.trim(), file };
});

describe('runbooks', () => {
  it('each alarm names one that is there', () => {
    expect(alarms.length).toBeGreaterThan(0);
    expect(alarms.filter(({ file }) => file === undefined || !files.includes(file))).toEqual([]);
  });

  it('each one is named by an alarm, and by the index', () => {
    const named = new Set(alarms.map(({ file }) => file));
    const others = files.filter((file) => file !== index);
    expect(others.filter((file) => !named.has(file))).toEqual([]);
    expect(others.filter((file) => !textOf(index).includes(`](${file})`))).toEqual([]);
  });

  it('each one says who is hurt in the words of its alarms', () => {
    const silent = alarms.filter(({ file, impact }) => !file || !impact || !textOf(file).includes(impact));
    expect(silent).toEqual([]);
  });

  it('each output that a command reads is one of the control plane', () => {
    const read = files.flatMap((file) =>
      [...textOf(file).matchAll(/\$\((?:out|arn|logs) (\w+)\)/g)].map(
        ([, output = '']) => `${file}: ${output}`,
      ),
    );
    expect(read.length).toBeGreaterThan(0);
    expect(read.filter((it) => !(it.replace(/^.*: /, '') in assembly.outputs))).toEqual([]);
  });
});
