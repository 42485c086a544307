/** Routes to what is the caller's own, each kind of it kept by a desk of the deployment: files, batches, jobs. */
import { FarthingError } from "../../errors.ts";
import type { Caller } from "../../tenants/caller.ts";
import type { Catalogue, DocumentQuestion, DocumentRoute } from "../protocol.ts";
import type { HttpRequest, HttpResponse } from "../spec/http.ts";

export interface OwnQuestion<Desk> extends DocumentQuestion {
  readonly desk: Desk;
  readonly caller: Caller;
  readonly request: HttpRequest;
}

/** `id`: of the path; empty where it has none. */
type AnswerOwn<Desk> = (question: OwnQuestion<Desk>, id: string) => Promise<HttpResponse>;

/** `lacks`: what is said of a deployment without such a desk ("takes no jobs"). */
export const ownDocuments =
  <Desk>(deskOf: (catalogue: Catalogue) => Desk | undefined, lacks: string) =>
  (method: DocumentRoute["method"], path: string, answer: AnswerOwn<Desk>): DocumentRoute => ({
    kind: "document",
    method,
    path,
    open: false,
    async answer({ id = "" }, catalogue, question) {
      const desk = deskOf(catalogue);
      const { caller, request } = question;
      if (desk !== undefined && caller !== undefined && request !== undefined) {
        return answer({ ...question, desk, caller, request }, id);
      }
      throw new FarthingError("unknown_route", `This deployment ${lacks}; ask the API's own address.`);
    },
  });
