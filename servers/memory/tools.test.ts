import { expect, test } from 'vitest';
import { connect, type Data, planIn } from './test-client.ts';

test('registering a folder tells of it once, whatever its spelling', async () => {
  await using here = await connect();
  const register = (path: string) => here.call('memory_workspace', { action: 'register', path });
  const first = await register('/work/app');
  expect(first).toMatchObject({
    registered: true,
    workspace: { workspace_id: expect.stringMatching(/^pmws-[0-9a-f]{12}$/), name: 'app' },
  });
  const { workspace } = first;
  expect(await register('/work/x/../app/')).toEqual({ registered: false, workspace });
  expect(here.news()).toEqual([
    expect.objectContaining({
      type: 'workspace_registered',
      tool_name: 'memory_workspace',
      data: { path: '/work/app', name: 'app' },
    }),
  ]);
  expect(await register('c:\\work\\app\\')).toMatchObject({
    workspace: { path: 'C:\\work\\app', name: 'app' },
  });
  expect(await here.call('memory_workspace', { action: 'list' })).toMatchObject({
    workspaces: { length: 2 },
  });
});

test('a relative path is refused with the cure', async () => {
  await using here = await connect();
  const result = await here.raw('memory_workspace', { action: 'register', path: 'app' });
  expect(result.isError).toBe(true);
  expect(result.content).toEqual([
    { type: 'text', text: expect.stringContaining('is not an absolute path. Give') },
  ]);
});

test('a plan is created with its steps and tells its title and category', async () => {
  await using here = await connect();
  const { workspace } = await here.call('memory_workspace', { action: 'register', path: '/a' });
  const { workspace_id } = workspace as Data;
  here.news();
  const created = await here.call('memory_plan', {
    action: 'create',
    workspace_id,
    title: 'Ship it',
    category: 'bugfix',
    steps: ['find', 'fix'],
  });
  expect(created).toMatchObject({
    plan: { plan_id: expect.stringMatching(/^plan_[0-9a-z]+_[0-9a-f]{8}$/), status: 'active' },
    steps: [
      { step_index: 0, task: 'find', status: 'pending' },
      { step_index: 1, task: 'fix', status: 'pending' },
    ],
  });
  expect(here.news()).toEqual([
    expect.objectContaining({
      id: expect.stringMatching(/^evt_[0-9a-z]+_[0-9a-f]{8}$/),
      type: 'plan_created',
      workspace_id,
      plan_id: (created['plan'] as Data)['plan_id'],
      data: { title: 'Ship it', category: 'bugfix' },
    }),
  ]);
});

test('an update tells what changed; one that changes nothing tells nothing', async () => {
  await using here = await connect();
  const { plan_id } = await planIn(here);
  const update = (fields: object) =>
    here.call('memory_plan', { action: 'update', plan_id, ...fields });
  expect(await update({ title: 'U', category: 'feature' })).toMatchObject({
    changed: true,
    plan: { title: 'U' },
  });
  expect(here.news()).toEqual([
    expect.objectContaining({ type: 'plan_updated', data: { changes: { title: 'U' } } }),
  ]);
  expect(await update({ title: 'U' })).toMatchObject({ changed: false });
  expect(await update({})).toMatchObject({ changed: false });
  expect(here.news()).toEqual([]);
});

test('a plan is archived once, and deleted with everything in it', async () => {
  await using here = await connect();
  const { plan_id, workspace_id } = await planIn(here, { steps: ['a'] });
  await here.call('memory_context', { action: 'store', plan_id, key: 'k', value: 1 });
  await here.call('memory_plan', { action: 'add_note', plan_id, note: 'n' });
  here.news();
  await here.call('memory_plan', { action: 'archive', plan_id });
  await here.call('memory_plan', { action: 'archive', plan_id });
  expect(here.news().map(({ type, data }) => ({ type, data }))).toEqual([
    { type: 'plan_archived', data: { title: 'T' } },
  ]);
  const list = (status: string) =>
    here.call('memory_plan', { action: 'list', workspace_id, status });
  expect(await list('active')).toEqual({ plans: [], total: 0 });
  expect(await list('archived')).toMatchObject({ total: 1, plans: [{ steps_total: 1 }] });

  await here.call('memory_plan', { action: 'delete', plan_id });
  expect(here.news()).toEqual([expect.objectContaining({ type: 'plan_deleted', plan_id })]);
  await expect(here.call('memory_plan', { action: 'get', plan_id })).rejects.toThrow(
    `There is no plan "${plan_id}". Find its id with memory_plan list`,
  );
  expect(await here.call('memory_context', { action: 'search', query: 'k' })).toEqual({
    entries: [],
  });
});

test('a note can be read again with its plan', async () => {
  await using here = await connect();
  const { plan_id } = await planIn(here);
  await here.call('memory_plan', { action: 'add_note', plan_id, note: 'mind the gap' });
  expect(here.news()).toEqual([
    expect.objectContaining({ type: 'note_added', data: { note: 'mind the gap' } }),
  ]);
  expect(await here.call('memory_plan', { action: 'get', plan_id })).toMatchObject({
    notes: [{ note: 'mind the gap' }],
  });
});

test('steps are added at the end and told as an update of the plan', async () => {
  await using here = await connect();
  const { plan_id } = await planIn(here, { steps: ['a'] });
  const add = (fields: object) => here.call('memory_steps', { action: 'add', plan_id, ...fields });
  await add({ task: 'b' });
  expect(await add({ tasks: ['c', 'd'] })).toMatchObject({
    steps: [{ task: 'a' }, { task: 'b' }, { task: 'c' }, { step_index: 3, task: 'd' }],
  });
  expect(here.news().map(({ type, data }) => ({ type, data }))).toEqual([
    { type: 'plan_updated', data: { changes: { stepsAdded: 1 } } },
    { type: 'plan_updated', data: { changes: { stepsAdded: 2 } } },
  ]);
  await expect(add({})).rejects.toThrow('give task or a non-empty tasks');
});

test('a step tells its index and new status, and only when it changed', async () => {
  await using here = await connect();
  const { plan_id } = await planIn(here, { steps: ['a', 'b'] });
  const update = (fields: object) =>
    here.call('memory_steps', { action: 'update', plan_id, ...fields });
  await update({ step_index: 1, status: 'active' });
  await update({ step_index: 1, status: 'active' });
  expect(here.news()).toEqual([
    expect.objectContaining({
      type: 'step_updated',
      plan_id,
      data: { stepIndex: 1, newStatus: 'active' },
    }),
  ]);
  await expect(update({ step_index: 2, status: 'done' })).rejects.toThrow('its steps are 0 to 1');
});

test('context keeps any JSON value and finds it again by key and by content', async () => {
  await using here = await connect();
  const { plan_id, workspace_id } = await planIn(here);
  const store = (key: string, value: unknown) =>
    here.call('memory_context', { action: 'store', plan_id, key, value });
  await store('build', { tool: 'vite', flags: ['--app'], 'a "quoted" key': null });
  await store('nothing', null);
  expect(await store('nothing', null)).toMatchObject({ changed: false });
  expect(here.news().map((event) => event.data)).toEqual([{ key: 'build' }, { key: 'nothing' }]);
  expect(await here.call('memory_context', { action: 'get', plan_id, key: 'build' })).toMatchObject(
    { entry: { value: { tool: 'vite', flags: ['--app'] } } },
  );

  const search = async (query: string) => {
    const found = await here.call('memory_context', { action: 'search', query, workspace_id });
    return (found['entries'] as { key: string }[]).map((entry) => entry.key);
  };
  expect(await search('VITE')).toEqual(['build']);
  expect(await search('noth')).toEqual(['nothing']);
  expect(await search('a "quoted" key')).toEqual(['build']);
  expect(await search('%')).toEqual([]);
  expect(await search('b_ild')).toEqual([]);
  await expect(
    here.call('memory_context', { action: 'get', plan_id, key: 'nope' }),
  ).rejects.toThrow('keeps nothing under "nope"');
});

test('agent sessions start, end once, and hand over', async () => {
  await using here = await connect();
  const { plan_id, workspace_id } = await planIn(here);
  const started = await here.call('memory_agent', {
    action: 'start_session',
    plan_id,
    agent_type: 'executor',
  });
  const { session_id } = started['session'] as { session_id: string };
  const end = () =>
    here.call('memory_agent', { action: 'end_session', session_id, summary: 'done' });
  await end();
  expect(await end()).toMatchObject({ changed: false, session: { summary: 'done' } });
  await here.call('memory_agent', {
    action: 'handoff',
    plan_id,
    from_agent: 'executor',
    to_agent: 'reviewer',
    reason: 'ready',
  });
  const common = { workspace_id, plan_id, agent_type: 'executor', tool_name: 'memory_agent' };
  expect(here.news()).toEqual([
    expect.objectContaining({
      ...common,
      type: 'agent_session_started',
      data: { sessionId: session_id, agentType: 'executor' },
    }),
    expect.objectContaining({
      ...common,
      type: 'agent_session_completed',
      data: { sessionId: session_id, summary: 'done' },
    }),
    expect.objectContaining({
      ...common,
      type: 'handoff_completed',
      data: { fromAgent: 'executor', toAgent: 'reviewer', reason: 'ready' },
    }),
  ]);
  expect(here.focuses.map((focus) => focus.agentType).filter((type) => type !== undefined)).toEqual(
    ['executor', null],
  );
});
