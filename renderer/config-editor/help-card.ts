/** What is known of a section or a key, as a small card: beside the completions, and under the pointer. */
import { hoverTooltip, type Tooltip } from '@codemirror/view';
import { expectation, type KeyInfo } from '../../shared/config-key-info.ts';
import { asToml, type ConfigHelp } from './config-help.ts';
import { pathOf } from './cursor-place.ts';
import { outline } from './toml-outline.ts';

/** The card of a section. */
export function sectionCard(section: {
  readonly path: string;
  readonly repeated: boolean;
  readonly description: string;
}): HTMLElement {
  const title = section.repeated ? `[[${section.path}]]` : `[${section.path}]`;
  const repeated = section.repeated ? ['May stand any number of times.'] : [];
  return card(title, section.description, repeated);
}

/** The card of a key: what it does, what it accepts with its unit, what holds without it. */
export function keyCard(section: string, key: KeyInfo): HTMLElement {
  const facts = [`Accepts ${expectation(key)}.`];
  if (key.required) facts.push('Must be given.');
  else if (key.fallback !== undefined) facts.push(`Default: ${asToml(key.fallback)}`);
  else if (key.example !== undefined) facts.push(`Example: ${asToml(key.example)}`);
  return card(`${section}.${key.name}`, key.description, facts);
}

/** Shows the card of the section or key under the pointer. */
export function helpOnHover(help: () => ConfigHelp | null) {
  return hoverTooltip((view, at): Tooltip | null => {
    const known = help();
    return known === null ? null : helpAt(view.state.doc.toString(), at, known);
  });
}

/** The card for what stands at an offset, and the range that it is about. */
function helpAt(text: string, at: number, help: ConfigHelp): Tooltip | null {
  for (const each of outline(text)) {
    const end = each.kind === 'header' ? each.to : each.keyTo;
    if (at < each.from || at > end) continue;
    const path = each.kind === 'header' ? each.path : pathOf(each);
    const create = cardOf(path, help);
    return create === null
      ? null
      : { pos: each.from, end, above: true, create: () => ({ dom: create() }) };
  }
  return null;
}

function cardOf(path: readonly string[], help: ConfigHelp): (() => HTMLElement) | null {
  const section = help.get(path.join('.'));
  if (section !== undefined) return () => sectionCard(section);
  const parent = path.slice(0, -1).join('.');
  const key = help.get(parent)?.keys.get(path.at(-1) ?? '');
  return key === undefined ? null : () => keyCard(parent, key);
}

function card(title: string, description: string, facts: readonly string[]): HTMLElement {
  const element = document.createElement('div');
  element.className = 'cm-help';
  const add = (tag: string, text: string) => {
    const child = document.createElement(tag);
    child.textContent = text;
    element.append(child);
  };
  add('code', title);
  add('p', description);
  for (const fact of facts) add('p', fact);
  return element;
}
