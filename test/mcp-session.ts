/** An MCP session as plain HTTP, for tests that look at it from outside. */

/** Opens a session and tells its id; throws with the answer when it is refused. */
export async function openMcpSession(
  mcpUrl: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'test', version: '1' },
      },
    }),
  });
  const text = await response.text();
  const session = response.headers.get('mcp-session-id');
  if (!response.ok || session === null) throw new Error(`${response.status}: ${text}`);
  return session;
}
