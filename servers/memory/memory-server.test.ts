import { expect, test } from 'vitest';
import { serverVersion } from './memory-server.ts';
import { connect, planIn } from './test-client.ts';

test('the text of an answer says the same as its structured content', async () => {
  await using here = await connect();
  const result = await here.raw('memory_workspace', { action: 'register', path: '/work/app' });
  const [first] = result.content as readonly { readonly text: string }[];
  expect(JSON.parse(first?.text ?? '')).toEqual(result.structuredContent);
});

test('memory_read answers as the other tools do and tells of nothing', async () => {
  await using here = await connect();
  const { plan_id, workspace_id } = await planIn(here, { steps: ['a'] });
  const read = (args: Record<string, unknown>) => here.call('memory_read', args);
  expect(await read({ action: 'plan', plan_id })).toEqual(
    await here.call('memory_plan', { action: 'get', plan_id }),
  );
  expect(await read({ action: 'plans', workspace_id })).toMatchObject({ total: 1 });
  expect(await read({ action: 'steps', plan_id })).toMatchObject({ steps: [{ task: 'a' }] });
  expect(await read({ action: 'workspaces' })).toMatchObject({ workspaces: { length: 1 } });
  expect(await read({ action: 'agent_sessions' })).toEqual({ sessions: [] });
  expect(here.news()).toEqual([]);
});

test('wrong arguments are named together with what would be right', async () => {
  await using here = await connect();
  const refusal = async (name: string, args: Record<string, unknown>) => {
    const { isError, content } = await here.raw(name, args);
    expect(isError).toBe(true);
    const [first] = content as readonly { readonly text: string }[];
    return first?.text;
  };
  expect(await refusal('memory_plan', { action: 'destroy' })).toContain(
    'action: cannot be "destroy"; use one of: create, get, list',
  );
  expect(await refusal('memory_plan', {})).toContain('action: is missing; use one of: create');
  expect(await refusal('memory_plan', { action: 'create', workspace_id: 'pmws-1' })).toContain(
    'title: is required by action "create"',
  );
  expect(await refusal('memory_plan', { action: 'create', workspace_id: 'w', title: 'T' })).toBe(
    'There is no workspace "w". Find its id with memory_workspace list.',
  );
  expect(await refusal('memory_context', { action: 'store', plan_id: 'p', key: 'k' })).toContain(
    'value: is required by action "store"',
  );
  expect(await refusal('memory_agent', { action: 'end_session', session_id: 's' })).toContain(
    'There is no agent session "s"',
  );
});

test('only the tool that cannot write says that it is read-only, only the one that deletes that it is destructive', async () => {
  await using here = await connect();
  const { tools } = await here.client.listTools();
  const hints = tools.map(({ name, annotations }) => [
    name,
    annotations?.readOnlyHint,
    annotations?.destructiveHint,
    annotations?.idempotentHint,
  ]);
  expect(hints).toEqual([
    ['memory_workspace', false, false, true],
    ['memory_plan', false, true, false],
    ['memory_steps', false, false, false],
    ['memory_context', false, false, true],
    ['memory_agent', false, false, false],
    ['memory_read', true, false, true],
  ]);
});

test('every input schema is one flat object that all model vendors accept', async () => {
  await using here = await connect();
  const { tools } = await here.client.listTools();
  for (const { inputSchema, description } of tools) {
    expect(Object.keys(inputSchema).sort()).toEqual(['properties', 'required', 'type']);
    expect(inputSchema).toMatchObject({ type: 'object', required: ['action'] });
    // A reference would point nowhere; a default of one action would be filled in for another.
    expect(JSON.stringify(inputSchema)).not.toMatch(/\$ref|"default"/);
    expect(description).toContain('Actions:\n- ');
  }
});

test('the server tells the version of the package it comes with', async () => {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  expect(serverVersion).toBe(manifest.version);
});
