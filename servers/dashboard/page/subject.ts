import type { McpEvent, PlanSummary, Workspace } from '../dashboard-api.d.ts';

/** The name of what an event is about: its plan's title, else its workspace's name. */
export function subjectOf(
  { plan_id, workspace_id, data }: McpEvent,
  plans: ReadonlyMap<string, PlanSummary>,
  workspaces: readonly Workspace[],
): string | null {
  const plan = plan_id === undefined ? undefined : plans.get(plan_id);
  if (plan !== undefined) return plan.title;
  // Of a deleted plan only the event still knows the title.
  const title = data['plan_title'] ?? data['title'];
  if (typeof title === 'string' && title !== '') return title;
  return workspaces.find(({ id }) => id === workspace_id)?.name ?? null;
}
