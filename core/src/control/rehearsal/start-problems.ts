/**
 * StartProblems: what would keep a set of rules from running that is not in the rules alone: the admin API, the access log, the state folder,
 * sockets, room, and what plugins refuse when they are linked. Main thread.
 *
 * Nothing is opened, bound, written or started. So it cannot know whether an address is free, or belongs to this machine, or whether a
 * plugin's `start` succeeds.
 */
import { addressesOf, isSocketFile, type Plan } from '@sluice/dsl/plan';
import { logsOf } from '../access-log/access-logs.ts';
import { type AdminOptions, wantedAdmin } from '../admin/wanted-admin.ts';
import type { PluginSet } from '../plugins/plugin-host.ts';
import { ADMIN_API, listenerOwner } from '../reload/ports.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';
import { appendProblem, folderProblem, socketProblem } from '../report/path-problem.ts';
import { rehearse } from './rehearsal.ts';

/** outsideProblems are those that a start, and a reload, looks for before it opens anything. */
export async function outsideProblems(
  { plan, secrets }: PluginSet,
  admin: AdminOptions | false | undefined,
): Promise<GatewayError[]> {
  const problems: GatewayError[] = [];
  try {
    wantedAdmin(admin, plan, secrets);
  } catch (thrown) {
    problems.push(asProblem(thrown));
  }
  const files = new Set(logsOf(plan).flatMap(({ to }) => (to.kind === 'file' ? [to.path] : [])));
  for (const file of files) {
    const reason = await appendProblem(file);
    if (reason !== null) problems.push(new GatewayError('SG0205', { file, reason }));
  }
  const folder = plan.settings.stateDir;
  const obstacle = folder === undefined ? null : await folderProblem(folder);
  if (obstacle !== null) problems.push(new GatewayError('SG0207', { folder: folder!, reason: obstacle }));
  const { adminAudit } = plan.settings;
  const reason = adminAudit === undefined ? null : await appendProblem(adminAudit);
  if (reason !== null) problems.push(new GatewayError('SG0607', { file: adminAudit!, reason }));
  return problems;
}

/** startProblems are all of them, for who only wants to know. `isLinked`: the rules themselves were found to link. */
export async function startProblems(
  set: PluginSet,
  admin: AdminOptions | false | undefined,
  isLinked: boolean,
): Promise<readonly GatewayError[]> {
  const problems = await outsideProblems(set, admin);
  for (const [owner, path] of socketsOf(set, admin)) {
    const problem = await socketProblem(path);
    if (problem === null) continue;
    const { isTaken, reason } = problem;
    problems.push(
      isTaken
        ? new GatewayError('SG0305', { owner, path })
        : new GatewayError('SG0306', { owner, path, message: reason }),
    );
  }
  if (!isLinked) return problems;
  try {
    await rehearse(set);
  } catch (thrown) {
    problems.push(asProblem(thrown));
  }
  return problems;
}

function socketsOf({ plan, secrets }: PluginSet, admin: AdminOptions | false | undefined): [string, string][] {
  const sockets: [string, string][] = [];
  const add = (owner: string, address: Plan['listeners'][number]['address']): void => {
    if ('path' in address && isSocketFile(address.path)) sockets.push([owner, address.path]);
  };
  for (const listener of plan.listeners)
    for (const address of addressesOf(listener)) add(listenerOwner(listener.name), address);
  try {
    const wanted = wantedAdmin(admin, plan, secrets);
    if (wanted !== null) add(ADMIN_API, wanted.address);
  } catch {
    // It is among the problems already.
  }
  return sockets;
}

function asProblem(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError('SG0206', { message: reasonOf(thrown) }, { cause: thrown });
}
