import { FarthingError } from "../../core/errors.ts";

/** `what`: in the customer's words ("the model registry"); the cause is for our own log. */
export const dependencyUnavailable = (what: string, cause: unknown): FarthingError =>
  new FarthingError("dependency_unavailable", `This request needs ${what}, which does not answer at the moment.`, {
    retryAfterSeconds: 2,
    cause,
  });

/** Waits for what a dependency is asked; whatever comes of it but an answer is `dependency_unavailable`. */
export const answeredBy =
  (what: string) =>
  async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw dependencyUnavailable(what, error);
    }
  };
