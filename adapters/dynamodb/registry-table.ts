/**
 * The registry in a table: one item per model, all in one partition, so that a listing is one query.
 * `{ pk: "models", sk: <name>, revision: <number>, record: <JSON of ModelRecord> }`
 */
import { type ModelRecord, type ModelRegistry, RevisionConflict } from "../../core/models/registry.ts";
import { answeredBy } from "../aws/dependency-error.ts";
import { atRevision, type Item, keyOf, type ReadableTable, type Table, textOf } from "./table.ts";

const answered = answeredBy("the model registry");

const MODELS = "models";

export function registryReaderOn(table: ReadableTable): Pick<ModelRegistry, "get" | "list"> {
  return {
    async get(name) {
      const item = await answered(table.get(MODELS, name));
      return item && recordOf(item);
    },
    async list() {
      return (await answered(table.query(MODELS))).map(recordOf);
    },
  };
}

export function registryOn(table: Table): ModelRegistry {
  return {
    ...registryReaderOn(table),
    async put(record) {
      const item = {
        ...keyOf(MODELS, record.name),
        revision: { N: String(record.revision) },
        record: { S: JSON.stringify(record) },
      };
      const before = record.revision - 1;
      const outcome = await answered(table.put(item, atRevision(before)));
      if (outcome === "refused") {
        throw new RevisionConflict(`model "${record.name}": revision ${before} is not the stored one any more`);
      }
    },
  };
}

function recordOf(item: Item): ModelRecord {
  const text = textOf(item, "record");
  if (text === undefined) throw new Error(`registry: item ${JSON.stringify(textOf(item, "sk"))} holds no record`);
  return JSON.parse(text) as ModelRecord;
}
