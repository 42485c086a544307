/** `/v1/jobs`: requests that were taken with a 202. OpenAI has nothing of the kind but batches; lists are in its form. */
import { FarthingError, show } from "../../errors.ts";
import type { JobDesk } from "../../jobs/job-desk.ts";
import { jobObject, jobResponse } from "../../jobs/job-document.ts";
import type { Caller } from "../../tenants/caller.ts";
import { jsonResponse } from "../json/json-response.ts";
import type { Catalogue, DocumentQuestion, DocumentRoute } from "../protocol.ts";

const LIST_LIMITS = { usual: 20, most: 100 } as const;

export const JOB_ROUTES: readonly DocumentRoute[] = [
  {
    kind: "document",
    method: "GET",
    path: "/v1/jobs",
    open: false,
    async answer(_, catalogue, question) {
      const { desk, caller } = own(catalogue, question);
      const limit = limitOf(question.query.limit);
      const jobs = await desk.latest(caller.tenant, limit + 1, question.query.after);
      const shown = jobs.slice(0, limit);
      return jsonResponse({
        object: "list",
        data: shown.map(jobObject),
        first_id: shown[0]?.id ?? null,
        last_id: shown.at(-1)?.id ?? null,
        has_more: jobs.length > limit,
      });
    },
  },
  {
    kind: "document",
    method: "GET",
    path: "/v1/jobs/{id}",
    open: false,
    async answer({ id }, catalogue, question) {
      const { desk, caller } = own(catalogue, question);
      const { job, body } = await desk.find(caller.tenant, id as string);
      return jobResponse(200, job, question.nowMillis, body);
    },
  },
  {
    kind: "document",
    method: "DELETE",
    path: "/v1/jobs/{id}",
    open: false,
    async answer({ id }, catalogue, question) {
      const { desk, caller } = own(catalogue, question);
      return jobResponse(200, await desk.cancel(caller.tenant, id as string), question.nowMillis);
    },
  },
];

function own({ jobs }: Catalogue, { caller }: DocumentQuestion): { readonly desk: JobDesk; readonly caller: Caller } {
  if (jobs !== undefined && caller !== undefined) return { desk: jobs, caller };
  throw new FarthingError("unknown_route", "This deployment takes no jobs; ask the API's own address.");
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LIST_LIMITS.usual;
  const limit = Number(text);
  if (/^\d{1,3}$/.test(text) && limit >= 1 && limit <= LIST_LIMITS.most) return limit;
  throw new FarthingError("invalid_field", `limit is ${show(text)}; 1 to ${LIST_LIMITS.most} is allowed.`, {
    field: "limit",
  });
}
