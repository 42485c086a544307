"""The workload behind LitServe. Chosen switches: configurations.ts; the rest is decided here."""
import gc
import os

import litserve as ls
import orjson
import served_model
from fastapi import Response

WORKERS = int(os.environ["PEER_WORKERS"])
BATCH_SIZE = int(os.environ["PEER_BATCH_SIZE"])
BATCH_WAIT_SECONDS = float(os.environ["PEER_BATCH_WAIT_MILLIS"]) / 1000


class Served(ls.LitAPI):
    def setup(self, device):
        self.model = served_model.load()

    def decode_request(self, request):
        return request["input"]

    def predict(self, inputs):
        # With batching off LitServe hands over one input, else the list that batch() made.
        return self.model.run(inputs) if BATCH_SIZE > 1 else self.model.run([inputs])[0]

    def unbatch(self, outputs):
        return list(outputs)

    def encode_response(self, output):
        # A ready response: FastAPI's own encoder walks every number in Python, which costs more than the tiny model.
        return Response(orjson.dumps({"output": output}, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


if __name__ == "__main__":
    server = ls.LitServer(
        Served(max_batch_size=BATCH_SIZE, batch_timeout=BATCH_WAIT_SECONDS),
        accelerator="cpu",
        workers_per_device=WORKERS,
        fast_queue=os.environ["PEER_FAST_QUEUE"] == "1",  # ZeroMQ instead of a manager process
        disable_openapi_url=True,
        timeout=False,
    )
    gc.freeze()  # the API process is forked from here (served_model.py says why)
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PEER_PORT"]),
        num_api_servers=int(os.environ["PEER_API_SERVERS"]),
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
