/** `/v1/files`: https://platform.openai.com/docs/api-reference/files */
import { FILE_LIMITS, type StoredFile } from "../../../files/file.ts";
import { jsonResponse } from "../../json/json-response.ts";
import type { DocumentRoute } from "../../protocol.ts";
import { wrong } from "../fields.ts";
import { listResponse, readListQuestion } from "../list-question.ts";
import { ownDocuments } from "../own-documents.ts";
import { readFileRequest } from "./file-request.ts";

const route = ownDocuments(({ files }) => files, "keeps no files");

export const FILE_ROUTES: readonly DocumentRoute[] = [
  route("POST", "/v1/files", async ({ desk, caller: { tenant }, request }) => {
    const read = readFileRequest(request);
    if (read.type === "upload") return jsonResponse(fileObject(await desk.store(tenant, read.order, read.bytes)));
    const { file, upload } = await desk.announce(tenant, read.order, read.bytes);
    const expires = Math.floor((file.createdAtMillis + FILE_LIMITS.uploadMillis) / 1000);
    return jsonResponse({
      ...fileObject(file),
      x_farthing: { upload: { method: "PUT", ...upload, expires_at: expires } },
    });
  }),
  route("GET", "/v1/files", async ({ desk, caller: { tenant }, query }) => {
    const { purpose, order } = query;
    if (order !== undefined && order !== "desc") throw wrong("order", order, '"desc": lists begin with the newest');
    const asked = readListQuestion(query, ["purpose", "order"]);
    const most = purpose === undefined ? asked.limit + 1 : FILE_LIMITS.mostFiles;
    const found = await desk.latest(tenant, most, asked.after);
    const files = purpose === undefined ? found : found.filter((file) => file.purpose === purpose);
    return listResponse(files.map(fileObject), asked);
  }),
  route("GET", "/v1/files/{id}", async ({ desk, caller: { tenant } }, id) =>
    jsonResponse(fileObject(await desk.find(tenant, id))),
  ),
  route("GET", "/v1/files/{id}/content", async ({ desk, caller: { tenant } }, id) => {
    const body = desk.content(await desk.find(tenant, id));
    // Whatever a customer uploaded: a browser must not take it for a page of ours.
    const headers = { "content-type": "application/octet-stream", "x-content-type-options": "nosniff" };
    return { status: 200, headers, body };
  }),
  route("DELETE", "/v1/files/{id}", async ({ desk, caller: { tenant } }, id) => {
    await desk.remove(tenant, id);
    return jsonResponse({ id, object: "file", deleted: true });
  }),
];

/** `pending` is ours: announced, not uploaded. */
const fileObject = ({ id, bytes, createdAtMillis, expiresAtMillis, name, purpose, state }: StoredFile) => ({
  id,
  object: "file",
  bytes,
  created_at: Math.floor(createdAtMillis / 1000),
  expires_at: Math.floor(expiresAtMillis / 1000),
  filename: name,
  purpose,
  status: state === "stored" ? "processed" : "pending",
});
