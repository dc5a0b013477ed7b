/** What every place for dead letters must do: nothing that came is lost, whatever its reason is made of. */
import { beforeEach, expect, vi } from 'vitest';
import { contract, type Deviations } from './contract.ts';

export interface DeadLettersWorld {
  refuse(record: { readonly body: string; readonly eventSourceARN: string }, reason: string): Promise<void>;
  /** What is there since it was asked last. */
  received(): Promise<readonly { readonly body: string; readonly reason: string; readonly source: string }[]>;
}

const source = 'arn:aws:sqs:us-east-1:000000000000:stage';

export function deadLettersContract(
  name: string,
  make: () => Promise<DeadLettersWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the dead letters', deviations, (test) => {
    let world: DeadLettersWorld;
    beforeEach(async () => {
      world = await make();
    });
    const refused = async (body: string, reason: string) => {
      await world.refuse({ body, eventSourceARN: source }, reason);
      return vi.waitFor(
        async () => {
          const [letter] = await world.received();
          if (!letter) throw new Error('nothing is there');
          return letter;
        },
        { timeout: 20_000, interval: 100 },
      );
    };

    test('a message is kept as it came, with reason and source', async () => {
      const reason = 'event 7c1f is not valid: image-digest: a digest';
      expect(await refused('{"bro\\ken', reason)).toEqual({ body: '{"bro\\ken', reason, source });
    });

    test('a reason that is too long is cut', async () => {
      expect((await refused('{}', 'because '.repeat(1000))).reason).toMatch(/^because because/);
    });

    test('a reason may quote what no queue takes', async () => {
      const reason = `Unexpected token \u0000 \u001b[31m \ud83d \uffff in JSON ☎ ${'x'.repeat(960)}😀😀`;
      expect((await refused('{}', reason)).reason).toMatch(/^Unexpected token .* in JSON ☎ x/);
    });

    test('a message without a reason is kept too', async () => {
      expect((await refused('{}', '')).body).toBe('{}');
    });
  });
}
