/** `/v1/files`: https://platform.openai.com/docs/api-reference/files */
import { FarthingError } from "../../../errors.ts";
import { FILE_LIMITS, type StoredFile } from "../../../files/file.ts";
import type { FileDesk } from "../../../files/file-desk.ts";
import { jsonResponse } from "../../json/json-response.ts";
import type { Catalogue, DocumentQuestion, DocumentRoute } from "../../protocol.ts";
import type { HttpRequest } from "../../spec/http.ts";
import { wrong } from "../fields.ts";
import { listResponse, readListQuestion } from "../list-question.ts";
import { readFileRequest } from "./file-request.ts";

export const FILE_ROUTES: readonly DocumentRoute[] = [
  {
    kind: "document",
    method: "POST",
    path: "/v1/files",
    open: false,
    async answer(_, catalogue, question) {
      const { desk, tenant, request } = own(catalogue, question);
      const read = readFileRequest(request);
      if (read.type === "upload") return jsonResponse(fileObject(await desk.store(tenant, read.order, read.bytes)));
      const { file, upload } = await desk.announce(tenant, read.order, read.bytes);
      const expires = Math.floor((file.createdAtMillis + FILE_LIMITS.uploadMillis) / 1000);
      return jsonResponse({
        ...fileObject(file),
        x_farthing: { upload: { method: "PUT", ...upload, expires_at: expires } },
      });
    },
  },
  {
    kind: "document",
    method: "GET",
    path: "/v1/files",
    open: false,
    async answer(_, catalogue, question) {
      const { desk, tenant } = own(catalogue, question);
      const { purpose, order } = question.query;
      if (order !== undefined && order !== "desc") throw wrong("order", order, '"desc": lists begin with the newest');
      const asked = readListQuestion(question.query, ["purpose", "order"]);
      const found = await desk.latest(
        tenant,
        purpose === undefined ? asked.limit + 1 : FILE_LIMITS.mostFiles,
        asked.after,
      );
      const files = purpose === undefined ? found : found.filter((file) => file.purpose === purpose);
      return listResponse(files.map(fileObject), asked);
    },
  },
  {
    kind: "document",
    method: "GET",
    path: "/v1/files/{id}",
    open: false,
    async answer({ id }, catalogue, question) {
      const { desk, tenant } = own(catalogue, question);
      return jsonResponse(fileObject(await desk.find(tenant, id as string)));
    },
  },
  {
    kind: "document",
    method: "GET",
    path: "/v1/files/{id}/content",
    open: false,
    async answer({ id }, catalogue, question) {
      const { desk, tenant } = own(catalogue, question);
      const body = desk.content(await desk.find(tenant, id as string));
      // Whatever a customer uploaded: a browser must not take it for a page of ours.
      const headers = { "content-type": "application/octet-stream", "x-content-type-options": "nosniff" };
      return { status: 200, headers, body };
    },
  },
  {
    kind: "document",
    method: "DELETE",
    path: "/v1/files/{id}",
    open: false,
    async answer({ id }, catalogue, question) {
      const { desk, tenant } = own(catalogue, question);
      await desk.remove(tenant, id as string);
      return jsonResponse({ id, object: "file", deleted: true });
    },
  },
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

function own(
  { files }: Catalogue,
  { caller, request }: DocumentQuestion,
): { readonly desk: FileDesk; readonly tenant: string; readonly request: HttpRequest } {
  if (files !== undefined && caller !== undefined && request !== undefined) {
    return { desk: files, tenant: caller.tenant, request };
  }
  throw new FarthingError("unknown_route", "This deployment keeps no files; ask the API's own address.");
}
