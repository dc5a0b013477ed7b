/** All roles of the stacks, what each of them is allowed, and which one a stage of the control plane has. */
import type { Assembly } from '../assembly.ts';
import { roleOf, type Statement, statementsByRole } from '../statements.ts';

export function rolesOf(assembly: Assembly) {
  const roles = new Map(
    [...assembly.stacks].flatMap(([stack, resources]) =>
      [...statementsByRole(resources)].map(([role, statements]): [string, Statement[]] => [
        `${stack}/${role}`,
        statements,
      ]),
    ),
  );
  const allowed = [...roles].flatMap(([role, statements]) =>
    statements.filter(({ Effect }) => Effect === 'Allow').map((statement) => ({ role, statement })),
  );
  const roleOfStage = (prefix: string) =>
    `GetSchwiftyControlPlane/${roleOf(assembly.controlPlaneResource(assembly.idOf(`${prefix}FunctionName`)))}`;
  return { roles, allowed, roleOfStage };
}
