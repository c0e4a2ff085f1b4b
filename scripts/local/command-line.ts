/** Throws on another Node than 24: what is tested and served here should be what runs on AWS. */
export function checkNode(command: string): void {
  if (process.versions.node.startsWith('24.')) return;
  throw new Error(
    `Node 24 is needed and this is ${process.version}: run npm install, which brings it, then ${command}`,
  );
}

/** The value of `PORT`; 4000, LiteLLM's own, without one. */
export function readPort(text = '4000'): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`PORT must be a port number, not "${text}"`);
}

/** A first call to try. */
export const exampleCall = (baseUrl: string): string =>
  `curl ${baseUrl}/key/generate -H 'Authorization: Bearer sk-1234' \\
    -H 'Content-Type: application/json' \\
    -d '{"key_alias": "my-first-key", "user_email": "you@example.com", "send_invite_email": true}'`;
