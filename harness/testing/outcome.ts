/** What one lane's process sends when it is through. */
export interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  /** Each test or hook that failed: its suites' names and its own, and its error's message. */
  failures: { title: string; message: string }[];
}
