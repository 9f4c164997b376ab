/** Whether a host name, as `URL` writes it, is this machine itself. Nobody else can read such a connection. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
