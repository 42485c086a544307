import { createHash } from "node:crypto";
import { type AnyManifest, canonicalJson } from "./manifest.ts";

export const sha256Hex = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** The name of a version: SHA-256 of its manifest in canonical JSON. */
export const manifestDigest = (manifest: AnyManifest): string => sha256Hex(canonicalJson(manifest));
