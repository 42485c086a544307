"""The workload behind BentoML. Chosen switches: configurations.ts; the rest is decided here."""
import os
from typing import Annotated

import bentoml
import numpy as np
import served_model
from bentoml.validators import DType, Shape

BATCH_SIZE = int(os.environ["PEER_BATCH_SIZE"])
# BentoML's own types of both tasks: its JSON validation makes the array, and batches are joined by NumPy.
Texts = list[str]
Images = Annotated[np.ndarray, Shape((-1, 784)), DType("float32")]
Inputs = Images if os.environ["PEER_TASK"] == "tensor" else Texts

batching = {
    "batchable": True,
    "max_batch_size": BATCH_SIZE,
    # Its dispatcher answers 503 to what it expects to be later than this; the p99 bound is judged by the client, so no shedding here.
    "max_latency_ms": 10_000,
} if BATCH_SIZE > 1 else {}


class Base:
    def __init__(self) -> None:
        self.model = served_model.load()


class OnEventLoop(Base):
    """A coroutine: no hop to a thread, at the price that the loop reads no request meanwhile."""

    @bentoml.api(route="/predict", **batching)
    async def predict(self, input: Inputs) -> np.ndarray:
        return self.model.run(input)


class InThread(Base):
    @bentoml.api(route="/predict", **batching)
    def predict(self, input: Inputs) -> np.ndarray:
        return self.model.run(input)


Served = bentoml.service(
    name="served",
    workers=int(os.environ["PEER_WORKERS"]),
    threads=1,  # one session run at a time in a worker: the session holds the threads
    traffic={"timeout": 1},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)(OnEventLoop if os.environ["PEER_ON_EVENT_LOOP"] == "1" else InThread)
