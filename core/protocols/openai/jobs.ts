/** `/v1/jobs`: requests that were taken with a 202. OpenAI has nothing of the kind but batches; lists are in its form. */
import { jobObject, jobResponse } from "../../jobs/job-document.ts";
import type { DocumentRoute } from "../protocol.ts";
import { listResponse, readListQuestion } from "./list-question.ts";
import { ownDocuments } from "./own-documents.ts";

const route = ownDocuments(({ jobs }) => jobs, "takes no jobs");

export const JOB_ROUTES: readonly DocumentRoute[] = [
  route("GET", "/v1/jobs", async ({ desk, caller, query }) => {
    const asked = readListQuestion(query);
    const jobs = await desk.latest(caller.tenant, asked.limit + 1, asked.after);
    return listResponse(jobs.map(jobObject), asked);
  }),
  route("GET", "/v1/jobs/{id}", async ({ desk, caller, nowMillis }, id) => {
    const { job, body } = await desk.find(caller.tenant, id);
    return jobResponse(200, job, nowMillis, body);
  }),
  route("DELETE", "/v1/jobs/{id}", async ({ desk, caller, nowMillis }, id) =>
    jobResponse(200, await desk.cancel(caller.tenant, id), nowMillis),
  ),
];
