"""NVIDIA's tritonclient against a running API: URL and key as arguments; prints one JSON object of what it saw."""

import base64
import json
import sys

import numpy
import tritonclient.http as triton

url, key = sys.argv[1], sys.argv[2]
headers = {"authorization": f"Bearer {key}"}
client = triton.InferenceServerClient(url.removeprefix("http://"), concurrency=1)

with open("models/digits/evaluation.json", encoding="utf-8") as file:
    samples = json.load(file)["samples"][:16]
images = [numpy.frombuffer(base64.b64decode(sample["image"]), dtype=numpy.uint8) for sample in samples]
pixels = numpy.stack(images).astype(numpy.float32).reshape(-1, 1, 28, 28)
labels = [sample["label"] for sample in samples]


def classify(binary_in: bool, binary_out: bool) -> list[list[float]]:
    image = triton.InferInput("image", pixels.shape, "FP32")
    image.set_data_from_numpy(pixels, binary_data=binary_in)
    wanted = triton.InferRequestedOutput("probabilities", binary_data=binary_out)
    answer = client.infer("digits", [image], outputs=[wanted], headers=headers)
    return answer.as_numpy("probabilities").astype(float).tolist()


def spam() -> list[str]:
    text = triton.InferInput("text", [2], "BYTES")
    text.set_data_from_numpy(
        numpy.array(["WINNER!! Claim your free prize now, call 09061701461", "See you at lunch tomorrow?"], dtype=numpy.object_),
        binary_data=True,
    )
    answer = client.infer("sms-spam", [text], outputs=[triton.InferRequestedOutput("label", binary_data=True)], headers=headers)
    return [label.decode() for label in answer.as_numpy("label")]


answers = {f"{'binary' if i else 'json'} in, {'binary' if o else 'json'} out": classify(i, o) for i in (False, True) for o in (False, True)}
try:
    client.infer("nothing", [triton.InferInput("x", [1], "FP32").set_data_from_numpy(numpy.zeros(1, numpy.float32))], headers=headers)
    unknown = "answered"
except triton.InferenceServerException as error:
    unknown = error.message()

print(json.dumps({
    "live": client.is_server_live(headers=headers),
    "ready": client.is_server_ready(headers=headers),
    "modelReady": client.is_model_ready("digits", headers=headers),
    "unknownReady": client.is_model_ready("nothing", headers=headers),
    "server": client.get_server_metadata(headers=headers),
    "model": client.get_model_metadata("digits", headers=headers),
    "labels": labels,
    "answers": answers,
    "spam": spam(),
    "unknown": unknown,
}))
