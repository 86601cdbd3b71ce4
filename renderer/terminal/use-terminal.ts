/** An xterm.js terminal in an element, connected to the supervisor while it is shown. */
import { FitAddon } from '@xterm/addon-fit';
import { type ITheme, Terminal } from '@xterm/xterm';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { maxTerminalSize, terminalPath } from '../../shared/terminal-protocol.ts';
import { type Display, TerminalConnection, type TerminalState } from './terminal-connection.ts';

export interface TerminalHandle {
  readonly state: TerminalState;
  /** Starts anew after the end. */
  readonly restart: () => void;
}

/** Lines that can be scrolled back in the page. */
const scrollbackLines = 10_000;

export function useTerminal(element: RefObject<HTMLElement | null>): TerminalHandle {
  const [state, setState] = useState<TerminalState>({ kind: 'connecting' });
  const connection = useRef<TerminalConnection | null>(null);

  useEffect(() => {
    if (element.current === null) return;
    const terminal = new Terminal({
      fontFamily: tokenOf('--font-mono'),
      fontSize: 14,
      scrollback: scrollbackLines,
      // What is printed is read out, and Tab and arrows reach it.
      screenReaderMode: true,
      theme: themeOf(),
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(element.current);
    const current = new TerminalConnection(
      () => new WebSocket(terminalPath),
      displayOf(terminal, fit),
      setState,
    );
    connection.current = current;
    const typed = terminal.onData((text) => current.type(text));
    const reported = terminal.onBinary((text) => current.typeBytes(text));
    const observer = new ResizeObserver(() => current.roomChanged());
    observer.observe(element.current);
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const onTheme = () => {
      terminal.options.theme = themeOf();
    };
    dark.addEventListener('change', onTheme);
    current.start();
    terminal.focus();
    return () => {
      dark.removeEventListener('change', onTheme);
      observer.disconnect();
      typed.dispose();
      reported.dispose();
      current.stop();
      terminal.dispose();
      connection.current = null;
    };
  }, [element]);

  return { state, restart: () => connection.current?.start() };
}

function displayOf(terminal: Terminal, fit: FitAddon): Display {
  return {
    reset: () => terminal.reset(),
    write: (bytes, onDrawn) => terminal.write(bytes, onDrawn),
    resize: ({ columns, rows }) => terminal.resize(columns, rows),
    room: () => {
      // A page that is not laid out yet has no room to tell.
      const { cols, rows } = fit.proposeDimensions() ?? { cols: 80, rows: 24 };
      const within = (value: number, most: number) => Math.min(Math.max(value || 1, 1), most);
      return {
        columns: within(cols, maxTerminalSize.columns),
        rows: within(rows, maxTerminalSize.rows),
      };
    },
  };
}

/** The page's own colours, as they are in this theme; the sixteen of the terminal are xterm's. */
function themeOf(): ITheme {
  const foreground = colorOf('--color-text');
  return {
    background: colorOf('--color-page'),
    foreground,
    cursor: foreground,
    selectionBackground: colorOf('--color-border-strong'),
  };
}

function tokenOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}

/** A token's value names both themes; a colour that is used is one of them. */
function colorOf(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
