"""The workload behind Ray Serve. Chosen switches: configurations.ts (environment variables of Ray among them); the rest is decided here."""
import os
import signal

import orjson
import ray
import served_model
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

WORKERS = int(os.environ["PEER_WORKERS"])
BATCH_SIZE = int(os.environ["PEER_BATCH_SIZE"])
BATCH_WAIT_SECONDS = float(os.environ["PEER_BATCH_WAIT_MILLIS"]) / 1000


# num_cpus=0: replicas are placed without reserving cores, as the machine has fewer than Ray's own actors would like.
@serve.deployment(num_replicas=WORKERS, max_ongoing_requests=256, ray_actor_options={"num_cpus": 0}, logging_config={"enable_access_log": False})
class Served:
    def __init__(self):
        self.model = served_model.load()

    @serve.batch(max_batch_size=BATCH_SIZE, batch_wait_timeout_s=BATCH_WAIT_SECONDS)
    async def run_batch(self, inputs):
        return list(self.model.run(inputs))

    async def __call__(self, request: Request):
        # orjson both ways: the standard library's JSON costs more than the tiny model.
        value = orjson.loads(await request.body())["input"]
        output = await self.run_batch(value) if BATCH_SIZE > 1 else self.model.run([value])[0]
        return Response(orjson.dumps({"output": output}, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


if __name__ == "__main__":
    # 78 MB is the least object store that Ray accepts; HTTP requests do not pass through it.
    ray.init(
        num_cpus=4,
        object_store_memory=80 * 1024 * 1024,
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
        _temp_dir=os.environ["PEER_SCRATCH"],
    )
    serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["PEER_PORT"])}, logging_config={"enable_access_log": False})
    serve.run(Served.bind(), route_prefix="/predict")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
