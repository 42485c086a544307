"""The workload as an MLServer runtime (Open Inference Protocol). One output, whatever the task."""
import numpy as np
import served_model
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class ServedRuntime(MLModel):
    async def load(self) -> bool:
        self.model = served_model.load()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        tensor = payload.inputs[0]
        # The protocol's flat list as it came: MLServer's codecs would copy it twice more.
        data = tensor.data.root
        output = self.model.run(data if tensor.datatype == "BYTES" else np.array(data, np.float32))
        return InferenceResponse(
            model_name=self.name,
            outputs=[ResponseOutput(name="output", shape=list(output.shape), datatype="FP32", data=output.ravel().tolist())],
        )
