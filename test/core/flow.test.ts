/** The flow is whole: what is told is taken, what is taken is told, and its drawing says the same. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseEvent } from '#core/aws-events.ts';
import { DomainEvent, eventSource } from '#core/events.ts';
import { flow, impactOf, type Stage, subscriptionsOf } from '#core/flow.ts';
import { drawFlow } from '#core/flow-drawing.ts';

/** Told to people and to whoever subscribes to the bus; no stage waits for them. */
const terminal = ['ImagePassed', 'ImageBlocked', 'PromotionRefused'];
const told = new Set<string>(flow.flatMap(({ tells }) => tells));
const taken = new Set(
  flow.flatMap(({ on }) =>
    on.filter(({ source }) => source === eventSource).flatMap(({ detailTypes }) => detailTypes),
  ),
);
const declared = DomainEvent.def.options.flatMap(({ shape }) => shape.type.def.values);

it('every event is told by a stage', () => expect([...told].sort()).toEqual([...declared].sort()));

it('every event told is taken by a stage or ends the flow, and no other is taken', () => {
  expect([...taken, ...terminal].sort()).toEqual([...declared].sort());
});

it('every stage is there once, and says what it does and who breaks without it', () => {
  expect(new Set(flow.map(({ stage }) => stage)).size).toBe(flow.length);
  for (const { stage, does, impact, on, also } of flow) {
    expect(does).toMatch(/\.$/);
    expect(impactOf(stage)).toBe(impact);
    expect(impact).toMatch(/\.$/);
    expect(subscriptionsOf(stage)).toBe(on);
    expect(on.length > 0 || also !== undefined, `${stage} is never started`).toBe(true);
  }
});

it("every event of AWS that is subscribed to has a parser: it may be malformed, it can't be unknown", () => {
  const theirs = flow.flatMap(({ on }) => on.filter(({ source }) => source.startsWith('aws.')));
  for (const { source, detailTypes } of theirs) {
    for (const type of detailTypes) {
      expect(() => parseEvent({ id: '1', source, 'detail-type': type, detail: {} })).toThrow(/is not valid/);
    }
  }
});

describe('the images that the gate is told of', () => {
  const patterns = (stage: Stage) => JSON.stringify(subscriptionsOf(stage));
  it('are those of candidate repositories: a promotion does not judge itself', () => {
    expect(subscriptionsOf('gate')).toHaveLength(3);
    for (const { detail } of subscriptionsOf('gate')) expect(JSON.stringify(detail)).toContain('candidate/');
    expect(patterns('gate')).not.toContain('release/');
  });
  it('are pushed ones, not deleted ones', () => {
    expect(subscriptionsOf('gate')[0]?.detail).toMatchObject({
      'action-type': ['PUSH'],
      result: ['SUCCESS'],
    });
  });
});

it('docs/flow.md is drawn from it', () => {
  const written = readFileSync(new URL('../../docs/flow.md', import.meta.url), 'utf8');
  expect(written, 'run `npm run docs`').toBe(drawFlow());
  for (const type of [...told, ...flow.map(({ stage }) => stage)]) expect(written).toContain(type);
});
