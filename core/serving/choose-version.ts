/** Which version answers: the one that the caller names, or one by the weights of the alias. */
import { createHash } from "node:crypto";
import { FarthingError, show } from "../errors.ts";
import { type ModelRecord, type ModelVersion, VERSION_ID_LENGTH, versionId } from "../models/registry.ts";

const DIGEST_LENGTH = 64;

/** `requested`: the first 12 characters of a digest, or all 64. */
export function findVersion(model: ModelRecord, requested: string): ModelVersion | undefined {
  if (requested.length !== VERSION_ID_LENGTH && requested.length !== DIGEST_LENGTH) return undefined;
  return model.versions.find(({ digest }) => digest.startsWith(requested));
}

/** The tenant's own version: sticky, because it is a pure function of the tenant, the model and the weights. */
export function weightedVersion(model: ModelRecord, tenant: string): ModelVersion {
  return versionOf(model, weightedDigest(model, tenant));
}

export const liveVersion = (model: ModelRecord): ModelVersion => versionOf(model, model.live);

/**
 * Weighted rendezvous hashing: each version draws a number from tenant, model and digest, and the best one wins. A weight
 * that grows moves tenants to that version and to no other.
 */
function weightedDigest(model: ModelRecord, tenant: string): string {
  const digests = Object.keys(model.weights);
  if (digests.length === 1) return digests[0] as string;
  let best = model.live;
  let lowest = Number.POSITIVE_INFINITY;
  for (const digest of digests) {
    const weight = model.weights[digest] as number;
    const score = weight > 0 ? -Math.log(draw(tenant, model.name, digest)) / weight : Number.POSITIVE_INFINITY;
    if (score < lowest) {
      lowest = score;
      best = digest;
    }
  }
  return best;
}

/** Uniform on (0, 1): the first 48 bits of a hash. */
function draw(tenant: string, model: string, digest: string): number {
  const bits = createHash("sha256").update(`${tenant}\n${model}\n${digest}`).digest().readUIntBE(0, 6);
  return (bits + 0.5) / 2 ** 48;
}

function versionOf(model: ModelRecord, digest: string): ModelVersion {
  const version = model.versions.find((candidate) => candidate.digest === digest);
  if (version === undefined)
    throw new Error(`registry: model ${model.name} points at version ${digest}, which it lacks`);
  return version;
}

export const unknownModel = (name: string): FarthingError =>
  new FarthingError("unknown_model", `No model named ${show(name)} is published here.`, { field: "model" });

export const unknownVersion = (model: ModelRecord, requested: string): FarthingError =>
  new FarthingError(
    "unknown_version",
    `Model "${model.name}" has no version ${show(requested)}; its live version is "${versionId(model.live)}". ` +
      `A version is named by the first ${VERSION_ID_LENGTH} characters of its digest, or by all ${DIGEST_LENGTH}.`,
  );
