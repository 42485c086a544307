"""Trains the handwritten digit classifier of models/digits.

Data          MNIST t10k, 10,000 labelled digits of 28x28 (LeCun, Cortes, Burges). Images 0-7999 are trained on, with
              random affine and elastic distortion; images 8000-9999 are held out and used for nothing but the final figure.
Architecture  Seven 3x3 convolutions (1-24-24-32-32-48-48-64) with batch normalisation and ReLU, two max pools, a global
              average pool and a linear layer; 84 thousand parameters. Batch normalisation is folded into the convolutions
              for the export; scaling from 0..255 and the softmax are part of the graph.
Run           python models/digits/train.py --data DIR
              DIR holds eval/mnist/t10k-images-idx3-ubyte.gz and eval/mnist/t10k-labels-idx1-ubyte.gz.
Result        about 99.1 % on the held-out images; two minutes on two CPU threads.
"""

import base64
import gzip
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from training import FLOAT, Graph, arguments, deterministic, session, write_card, write_evaluation  # noqa: E402

SEED = 20240917
TRAIN, HELD_OUT = range(0, 8000), range(8000, 10000)
EPOCHS, BATCH, PEAK_RATE, EMA = 30, 100, 4e-3, 0.995
CHANNELS = [1, 24, 24, 32, 32, 48, 48, 64]
POOL_AFTER = {1, 3}  # layer indices that are followed by a 2x2 max pool


def load(folder):
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as f:
        images = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as f:
        labels = np.frombuffer(f.read(), np.uint8, offset=8)
    return images, labels


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        pairs = list(zip(CHANNELS, CHANNELS[1:]))
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1, bias=False) for i, o in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for _, o in pairs)
        self.head = nn.Linear(CHANNELS[-1], 10)

    def forward(self, x):
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            x = F.relu(norm(conv(x)))
            if i in POOL_AFTER:
                x = F.max_pool2d(x, 2)
        return self.head(F.dropout(x.mean((2, 3)), 0.2, self.training))


def distort(x, generator):
    """Random rotation, scale, shear, shift and a smooth elastic displacement."""
    n = len(x)
    uniform = lambda *shape: torch.rand(*shape, generator=generator) * 2 - 1  # noqa: E731
    angle, shear = uniform(n) * math.radians(13), uniform(n) * 0.25
    sx, sy = 1 + uniform(n) * 0.13, 1 + uniform(n) * 0.13
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = angle.cos() * sx, -angle.sin() * sx + shear
    theta[:, 1, 0], theta[:, 1, 1] = angle.sin() * sy, angle.cos() * sy
    theta[:, :, 2] = uniform(n, 2) * 0.14
    grid = F.affine_grid(theta, x.shape, align_corners=False)
    bumps = F.interpolate(uniform(n, 2, 6, 6), size=(28, 28), mode="bicubic", align_corners=True)
    grid = grid + bumps.permute(0, 2, 3, 1) * 0.09
    return F.grid_sample(x, grid, align_corners=False)


def train(images, labels):
    generator = torch.Generator().manual_seed(SEED)
    x = torch.from_numpy(images[TRAIN.start:TRAIN.stop].astype(np.float32) / 255)
    y = torch.from_numpy(labels[TRAIN.start:TRAIN.stop].astype(np.int64))
    net, average = Net(), Net()
    average.load_state_dict(net.state_dict())
    steps = EPOCHS * len(x) // BATCH
    optimizer = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=steps, pct_start=0.2)
    start, step = time.time(), 0
    for epoch in range(EPOCHS):
        net.train()
        total = 0.0
        for rows in torch.randperm(len(x), generator=generator).split(BATCH):
            loss = F.cross_entropy(net(distort(x[rows], generator)), y[rows], label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            step += 1
            decay = min(EMA, step / (step + 10))
            with torch.no_grad():
                for a, b in zip(average.state_dict().values(), net.state_dict().values()):
                    a.lerp_(b, 1 - decay) if a.is_floating_point() else a.copy_(b)
            total += loss.item()
        print(f"epoch {epoch + 1:2d}  loss {total * BATCH / len(x):.4f}  {time.time() - start:.0f} s", flush=True)
    return average.eval()


def export(net, path):
    g = Graph("digits")
    x = g.input("image", FLOAT, ["batch", 1, 28, 28])
    x = g.op("Mul", x, g.const(1 / 255))
    for i, (conv, norm) in enumerate(zip(net.convs, net.norms)):
        scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
        weight = (conv.weight.detach() * scale[:, None, None, None]).numpy()
        bias = (norm.bias - norm.running_mean * scale).detach().numpy()
        x = g.op("Conv", x, g.weight(f"conv{i}.weight", weight), g.weight(f"conv{i}.bias", bias), kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        x = g.op("Relu", x)
        if i in POOL_AFTER:
            x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = g.op("Flatten", g.op("GlobalAveragePool", x), axis=1)
    weight = g.weight("head.weight", net.head.weight.detach().numpy().T)
    x = g.op("Gemm", x, weight, g.weight("head.bias", net.head.bias.detach().numpy()))
    g.output(g.op("Softmax", x, axis=1), "probabilities", FLOAT, ["batch", 10])
    g.save(path, "Handwritten digits: f32[batch,1,28,28], 0..255, white on black, to the probabilities of 0..9.")


def main():
    options = arguments(__doc__, "folder that holds eval/mnist")
    out = options.out or Path(__file__).parent
    deterministic(SEED, options.threads)
    images, labels = load(options.data / "eval" / "mnist")
    export(train(images, labels), out / "model.onnx")

    run = session(out / "model.onnx")
    held = slice(HELD_OUT.start, HELD_OUT.stop)
    probabilities = run.run(None, {"image": images[held].astype(np.float32)})[0]
    accuracy = float((probabilities.argmax(1) == labels[held]).mean())
    one = run.run(None, {"image": images[8000:8001].astype(np.float32)})[0]
    assert np.abs(one - probabilities[:1]).max() < 1e-5, "a batch of one must give what a large batch gives"

    chosen = list(HELD_OUT)[::20]
    write_evaluation(out / "evaluation.json", {
        "schema": "farthing.evaluation/1",
        "task": "tensor",
        "source": "MNIST t10k, every 20th of images 8000-9999 (not seen in training)",
        "license": "CC-BY-SA-3.0 (MNIST: Yann LeCun, Corinna Cortes, Christopher J. C. Burges)",
        "format": "image: base64 of 784 bytes, 28 rows of 28 grey levels, white on black; feed as f32[1,1,28,28] without scaling",
        "input": "image",
        "output": "probabilities",
    }, [{
        "index": i,
        "label": int(labels[i]),
        "image": base64.b64encode(images[i].tobytes()).decode(),
        "probabilities": [round(float(p), 5) for p in probabilities[i - HELD_OUT.start]],
    } for i in chosen])
    write_card(out, {
        "name": "digits",
        "description": "Recognises a handwritten digit: a 28x28 greyscale picture, white on black, to the probabilities of 0 to 9.",
        "task": "tensor",
        "license": "Apache-2.0",
        "attribution": ["Trained on MNIST t10k (Yann LeCun, Corinna Cortes, Christopher J. C. Burges), CC BY-SA 3.0"],
        "artifacts": {"model": "model.onnx"},
        "placement": {"kind": "function", "group": "small"},
        "serviceLevel": {"p99Millis": 100},
        "quality": {
            "metric": "accuracy", "value": round(accuracy, 4), "minimum": 0.985,
            "dataset": "MNIST t10k, images 8000-9999, not seen in training (0-7999 were)", "samples": len(HELD_OUT),
        },
        "evaluation": "evaluation.json",
        "price": {"usdPerRequest": 0.000002},
    })


if __name__ == "__main__":
    main()
