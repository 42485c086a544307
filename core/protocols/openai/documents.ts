import type { ModelRecord } from "../../models/registry.ts";
import { jsonResponse } from "../json/json-response.ts";
import type { DocumentRoute } from "../protocol.ts";

/** https://platform.openai.com/docs/api-reference/models/object; `created` is when the live version was published. */
function modelObject(model: ModelRecord) {
  const live = model.versions.find(({ digest }) => digest === model.live);
  const created = Math.floor(Date.parse(live?.createdAt ?? "") / 1000) || 0;
  return { id: model.name, object: "model", created, owned_by: "farthing" };
}

export const DOCUMENT_ROUTES: readonly DocumentRoute[] = [
  {
    kind: "document",
    method: "GET",
    path: "/v1/health",
    open: true,
    answer: async () => jsonResponse({ status: "ok" }),
  },
  {
    kind: "document",
    method: "GET",
    path: "/v1/models",
    open: false,
    answer: async (_, catalogue) => jsonResponse({ object: "list", data: (await catalogue.list()).map(modelObject) }),
  },
  {
    kind: "document",
    method: "GET",
    path: "/v1/models/{model}",
    open: false,
    answer: async ({ model }, catalogue) => jsonResponse(modelObject((await catalogue.find(model as string)).model)),
  },
];
