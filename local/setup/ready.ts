/** The first thing that each command does: look at the machine, say what will happen, ask. */
import type { Instance } from '#local/instance.ts';
import { probe } from '#local/setup/facts.ts';
import { diskNeeded, makePlan, type Plan, planText } from '#local/setup/plan.ts';
import { chooseInstance } from '#local/setup/ports.ts';
import { assess } from '#local/setup/preflight.ts';
import type { Ui } from '#local/ui/ui.ts';

export interface Ready {
  readonly instance: Instance;
  readonly plan: Plan;
}

/** Undefined where the machine cannot, or the person does not want to: said already, and nothing was changed. */
export async function makeReady(ui: Ui, name: string, yes: boolean): Promise<Ready | undefined> {
  const instance = await chooseInstance(name);
  const facts = await probe(instance);
  const plan = await makePlan(instance, facts.python?.venv ?? false);
  const { problems, warnings } = assess(facts, diskNeeded(plan));
  for (const warning of warnings) ui.say(`! ${warning}`);
  if (problems.length > 0) {
    for (const problem of problems) ui.say(`✗ ${problem}`);
    ui.say('Nothing was changed.');
    return undefined;
  }
  ui.heading(`Local cloud '${name}' (${instance.id})`);
  ui.say(planText(instance, plan));
  ui.say('');
  if (!yes && !(await ui.confirm('Go on?'))) {
    ui.say('Nothing was changed.');
    return undefined;
  }
  return { instance, plan };
}
