"""The work itself, the same code in every peer: inputs of one batch in, float32 [batch, width] out.

What to serve comes from the environment (bench/peers/launch.ts sets it):
  PEER_TASK       `embedding` (text in, sentence vector out), `classification` (text in, a probability for each label out)
                  or `tensor` (784 numbers in, 10 probabilities out)
  PEER_MODEL      the ONNX file
  PEER_TOKENIZER  tokenizer.json (of texts)
  PEER_THREADS    intra-op threads of the one session of this process
"""
import gc
import os
from functools import lru_cache

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

MAX_TOKENS = 256  # sentence_bert_config.json of all-MiniLM-L6-v2, and the card of sms-spam


def session():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["PEER_THREADS"])
    options.inter_op_num_threads = 1
    # Waiting threads that spin take the core from the HTTP side, which shares it (and from the other workers).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(os.environ["PEER_MODEL"], options, providers=["CPUExecutionProvider"])


def tokenizer():
    of_model = Tokenizer.from_file(os.environ["PEER_TOKENIZER"])
    # MiniLM's file forces 128 tokens on every text; a batch needs no more than its longest.
    of_model.enable_truncation(MAX_TOKENS)
    of_model.enable_padding()
    return of_model


class Embedding:
    def __init__(self):
        self.session = session()
        self.tokenizer = tokenizer()

    def run(self, texts):
        encodings = self.tokenizer.encode_batch(list(texts))
        ids = np.array([encoding.ids for encoding in encodings], np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self.session.run(["last_hidden_state"], feeds)[0]
        weights = mask.astype(np.float32)
        # Mean over the real tokens; the division by their number falls out in the normalisation.
        pooled = np.matmul(weights[:, None, :], hidden)[:, 0, :]
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


class Classification:
    def __init__(self):
        self.session = session()
        self.tokenizer = tokenizer()

    def run(self, texts):
        encodings = self.tokenizer.encode_batch(list(texts))
        ids = np.array([encoding.ids for encoding in encodings], np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        logits = self.session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)


class Tensor:
    def __init__(self):
        self.session = session()

    def run(self, images):
        image = np.asarray(images, np.float32).reshape(-1, 1, 28, 28)
        return self.session.run(["probabilities"], {"image": image})[0]


@lru_cache(maxsize=1)
def load():
    # One thread tokenises: a pool of its own would fight with the session for the core.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    served = {"embedding": Embedding, "classification": Classification, "tensor": Tensor}[os.environ["PEER_TASK"]]()
    # What start-up left behind stays for good; walking it in each full collection stops a server for 50 ms and more.
    gc.collect()
    gc.freeze()
    return served
