import { CompletionContext } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { expect, test } from 'vitest';
import { completions } from './completion.ts';
import { realHelp } from './config-help.test-helper.ts';

/** What is offered at the `|` of a text, and from where on it would replace. */
function offered(marked: string, { explicit = true } = {}) {
  const pos = marked.indexOf('|');
  const text = marked.replace('|', '');
  const source = completions({ help: () => realHelp, services: () => ['mcp', 'dashboard'] });
  const result = source(new CompletionContext(EditorState.create({ doc: text }), pos, explicit));
  const labels = result?.options.map(({ label }) => label) ?? [];
  return { labels, replaced: result === null ? null : text.slice(result.from, pos) };
}

test('after a bracket the sections are offered, those that repeat with two', () => {
  const { labels, replaced } = offered('[mcp.|');
  expect(labels).toContain('[mcp.pool]');
  expect(labels).toContain('[[servers]]');
  expect(replaced).toBe('[mcp.');
  expect(offered('[[ser|]]').labels).toContain('[[servers]]');
});

test('on a line of a section its keys are offered, without those it has', () => {
  const { labels, replaced } = offered('[mcp.pool]\nmax_instances = 4\nmin_|\n');
  expect(labels).toContain('min_instances');
  expect(labels).not.toContain('max_instances');
  expect(labels).not.toContain('log_level');
  expect(replaced).toBe('min_');
});

test('each block of a repeated section counts by itself', () => {
  const text = '[[servers]]\nname = "a"\ncommand = "x"\n[[servers]]\nname = "b"\n|';
  expect(offered(text).labels).toContain('command');
  expect(offered(text).labels).not.toContain('name');
});

test('an empty line offers nothing by itself, and everything when asked', () => {
  expect(offered('[mcp]\n|', { explicit: false }).labels).toEqual([]);
  expect(offered('[mcp]\n|').labels).toContain('port');
});

test.each([
  ['a flag', '[mcp]\nenabled = |', ['true', 'false'], ''],
  ['a flag half written', '[mcp]\nenabled = tr|', ['true', 'false'], 'tr'],
  [
    'a word',
    '[supervisor]\nlog_level = |',
    ['"trace"', '"debug"', '"info"', '"warn"', '"error"'],
    '',
  ],
  [
    'a word in quotes',
    '[supervisor]\nlog_level = "wa|"',
    ['"trace"', '"debug"', '"info"', '"warn"', '"error"'],
    '"wa',
  ],
  [
    'dotted keys',
    'supervisor.log_level = "|"',
    ['"trace"', '"debug"', '"info"', '"warn"', '"error"'],
    '"',
  ],
])('behind the equals sign what fits is offered: %s', (_name, text, labels, replaced) => {
  expect(offered(text)).toEqual({ labels, replaced });
});

test('services are offered where services are named, those of the text included', () => {
  const block = '[[servers]]\nname = "search"\ncommand = "x"\ndepends_on = ';
  expect(offered(`${block}|`).labels).toEqual(['["mcp"]', '["dashboard"]', '["search"]']);
  expect(offered(`${block}["mcp", "da|"]`)).toEqual({
    labels: ['"mcp"', '"dashboard"', '"search"'],
    replaced: '"da',
  });
});

test.each(['# [mcp|', '[mcp]\nport = 1 # po|', '[mcp]|', '[mcp]\nport = 34|'])(
  'nothing is offered where nothing fits: %s',
  (text) => {
    expect(offered(text).labels).toEqual([]);
  },
);
