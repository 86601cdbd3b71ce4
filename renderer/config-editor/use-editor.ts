import { type RefObject, useEffect, useRef, useState } from 'react';
import { type ConfigSession, type ConfigState, presentCheck } from './config-session.ts';
import { createEditor, type Editor } from './editor.ts';
import type { EditorFacts } from './use-config-session.ts';

interface Options {
  readonly host: RefObject<HTMLElement | null>;
  readonly session: ConfigSession;
  readonly state: ConfigState;
  readonly facts: EditorFacts;
  /** Show what differs from the file. */
  readonly comparing: boolean;
  readonly onSave: () => void;
}

/** The text editor of the page, showing the session's draft and problems; null until it is mounted. */
export function useEditor(options: Options): Editor | null {
  const { host, session, state, facts, comparing, onSave } = options;
  const [editor, setEditor] = useState<Editor | null>(null);
  const save = useRef(onSave);
  const { draft } = state;
  const check = presentCheck(state);

  useEffect(() => {
    save.current = onSave;
  }, [onSave]);

  useEffect(() => {
    if (host.current === null) return;
    const created = createEditor({
      host: host.current,
      ...facts,
      onEdit: (text) => session.edit(text),
      onSave: () => save.current(),
    });
    setEditor(created);
    return () => {
      created.destroy();
      setEditor(null);
    };
  }, [host, session, facts]);

  // What was typed came from the editor itself; what is new here was loaded, restored or discarded.
  useEffect(() => {
    if (editor !== null && editor.text() !== draft) editor.show(draft);
  }, [editor, draft]);

  useEffect(() => {
    if (check.kind === 'done') editor?.showProblems(check.problems);
  }, [editor, check]);

  const original = comparing ? (state.file?.text ?? null) : null;
  useEffect(() => {
    editor?.compareWith(original);
  }, [editor, original]);

  return editor;
}
