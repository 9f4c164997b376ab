/** What the demo prints to the terminal. */
export function say(text: string): void {
  process.stdout.write(text);
}
