"""Makes what all contenders share: the INT8 model, and the answers that each must give before it is timed.

python prepare.py MINILM_DIR DIGITS_DIR SPAM_DIR OUT_DIR
"""
import base64
import json
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

sys.path.insert(0, str(Path(__file__).parent.parent / "inference"))
import served_model  # noqa: E402


def answers(model, inputs, run):
    """One by one, so that no answer depends on what shared its batch (dynamic quantisation scales per batch)."""
    os.environ["PEER_MODEL"] = str(model)
    served = run()
    return [served.run([value])[0].tolist() for value in inputs]


def samples(folder):
    return json.loads((folder / "evaluation.json").read_text())["samples"]


def main(minilm, digits, spam, out):
    minilm, digits, spam, out = Path(minilm), Path(digits), Path(spam), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    os.environ["PEER_THREADS"], os.environ["PEER_TOKENIZER"] = "1", str(minilm / "tokenizer.json")
    int8 = out / "minilm-int8.onnx"
    quantize_dynamic(minilm / "model.onnx", int8, per_channel=True, weight_type=QuantType.QInt8)

    golden = json.loads((minilm / "golden.json").read_text())
    texts, published = golden["sentences"], np.array(golden["embeddings"])
    fp32 = np.array(answers(minilm / "model.onnx", texts, served_model.Embedding))
    cosine = (fp32 * published).sum(axis=1).min()
    if cosine < 0.99999:
        sys.exit(f"the FP32 model is not the one of golden.json: cosine {cosine}, expected above 0.99999")
    quantised = answers(int8, texts, served_model.Embedding)
    agreement = (np.array(quantised) * published).sum(axis=1)
    images = [list(base64.b64decode(sample["image"])) for sample in samples(digits)]
    messages = [sample["text"] for sample in samples(spam)]
    os.environ["PEER_TOKENIZER"] = str(spam / "tokenizer.json")
    probabilities = np.array(answers(spam / "model.onnx", messages, served_model.Classification))
    logits = np.array([sample["logits"] for sample in samples(spam)])
    worst = np.abs(np.log(probabilities[:, 1] / probabilities[:, 0]) - (logits[:, 1] - logits[:, 0])).max()
    if worst > 0.001:
        sys.exit(f"the spam model is not the one of evaluation.json: logits differ by {worst}")
    (out / "truth.json").write_text(json.dumps({
        "onnxruntime": onnxruntime.__version__,
        "texts": texts, "minilm-fp32": published.tolist(), "minilm-int8": quantised,
        "messages": messages, "tiny-text": probabilities.tolist(),
        "images": images, "digits": answers(digits / "model.onnx", images, served_model.Tensor),
    }))
    print(f"INT8 against FP32: cosine {agreement.mean():.5f} on average, {agreement.min():.5f} at worst")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
