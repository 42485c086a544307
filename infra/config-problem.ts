/** What is wrong with a configuration, and where in it. */
export interface ConfigProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}
