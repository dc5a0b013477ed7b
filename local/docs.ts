/** `npm run docs`: writes the documents that are drawn from code. */
import { writeFileSync } from 'node:fs';
import { drawFlow } from '#core/flow-drawing.ts';
import { drawPhases } from '#core/phases-drawing.ts';

const drawings = { 'flow.md': drawFlow, 'phases.md': drawPhases };
for (const [name, draw] of Object.entries(drawings)) {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), draw());
  console.log(`docs/${name} is written.`);
}
