/** Lists in OpenAI's form: newest first, cut into pages by the last id that was seen. */
import { jsonResponse } from "../json/json-response.ts";
import type { HttpResponse } from "../spec/http.ts";
import { refuseFieldsBut, wrong } from "./fields.ts";

export interface ListQuestion {
  readonly limit: number;
  readonly after: string | undefined;
}

const MOST = 100;
const USUAL = 20;

export function readListQuestion(
  query: Readonly<Record<string, string>>,
  others: readonly string[] = [],
): ListQuestion {
  refuseFieldsBut(new Set(["limit", "after", ...others]), query);
  const limit = query.limit === undefined ? USUAL : Number(query.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
    throw wrong("limit", query.limit, `a whole number from 1 to ${MOST}`);
  }
  return { limit, after: query.after };
}

/** `items`: one more than the limit, where there are more. */
export function listResponse(items: readonly { readonly id: string }[], { limit }: ListQuestion): HttpResponse {
  const data = items.slice(0, limit);
  return jsonResponse({
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: items.length > limit,
  });
}
