/** Where the things of the decode floors lie; install.ts puts them there. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

const CACHE = join(homedir(), ".cache", "farthing");
const SHARED_DATA = process.env["FARTHING_SHARED_DATA"] ?? resolve(import.meta.dirname, "../../../shared/data");

export const DECODE_DIRECTORY = process.env["FARTHING_DECODE_DIR"] ?? join(CACHE, "decode");
export const ONNX_DIRECTORY = process.env["FARTHING_SMOLLM2_DIR"] ?? join(CACHE, "smollm2");
export const SMOLLM2_SCRIPT = process.env["FARTHING_SMOLLM2_SCRIPT"] ?? join(SHARED_DATA, "make", "smollm2.py");

export const python = (): string => join(DECODE_DIRECTORY, "venv", "bin", "python");
