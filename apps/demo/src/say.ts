/** What the demo says to whoever runs it. */
export function say(text: string): void {
  process.stdout.write(text);
}
