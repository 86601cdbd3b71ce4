import { useRef } from 'react';
import styles from './connect-help.module.css';
import { CopyButton } from './copy-button.tsx';
import { EmptyState } from './section.tsx';

/** What stands in place of the sessions until there is one: how to connect a client. */
export function ConnectHelp({ mcpUrl }: { readonly mcpUrl: string | null }) {
  if (mcpUrl === null) {
    return <EmptyState>The MCP gateway is off, so no client can connect.</EmptyState>;
  }
  return (
    <EmptyState>
      <p>No MCP client is connected. Give a client this URL (transport: Streamable HTTP):</p>
      <Snippet text={mcpUrl} what="URL" />
      <p>Claude Code, for example:</p>
      <Snippet
        text={`claude mcp add --transport http project-memory ${mcpUrl}`}
        what="command for Claude Code"
      />
    </EmptyState>
  );
}

function Snippet({ text, what }: { readonly text: string; readonly what: string }) {
  const code = useRef<HTMLElement>(null);
  return (
    <div className={styles.snippet}>
      <code className={styles.code} ref={code}>
        {text}
      </code>
      <CopyButton text={text} what={what} source={code} />
    </div>
  );
}
