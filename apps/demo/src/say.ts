/** Prints a text to the terminal. */
export function say(text: string): void {
  process.stdout.write(text);
}
