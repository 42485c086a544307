"""Trains the sentence embedding model of models/sentences by distilling all-MiniLM-L6-v2.

Teacher       sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), mean pooling, L2.
Data          306 thousand unlabelled English texts (corpus.py says which); the target of each is the teacher's vector.
              STS-B is used for measuring only: neither its dev nor its test texts are trained on.
Architecture  Three of the teacher's six layers (width 384, 12 heads) with its positions, behind a smaller token table: the
              21,500 tokens that the corpus uses most, of 256 dimensions (the teacher's table by principal components) and a
              projection to 384. Mean pooling and L2 are part of the graph. All matrices are INT8 with one scale a row or
              column: token rows are dequantised after the lookup, the others when the model is loaded, so results do not
              depend on what else is in a batch.
Loss          1 - cosine to the teacher's vector, plus the squared error of all similarities within a batch.
Run           python models/sentences/train.py --data DIR --debian DIR2
              DIR holds models/minilm-l6-v2/{model.onnx,tokenizer.json} (the teacher as ONNX: hidden states from ids, mask and
              types), eval/stsbenchmark/sts-{dev,test}.csv and eval/sms-spam; DIR2 holds the unpacked Debian packages
              wordnet-base, fortunes, fortunes-min, debian-handbook and dict-foldoc (dpkg -x PACKAGE DIR2).
Result        STS-B Spearman about 0.81 (test) and 0.86 (dev); the teacher has 0.82 and 0.87. About 15 minutes on two CPU
              threads with BF16 instructions, a third of it for the teacher.
"""

import csv
import json
import math
import random
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from scipy.stats import spearmanr
from tokenizers import Tokenizer
from torch import nn

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]
import corpus  # noqa: E402
from training import FLOAT, INT64, Graph, arguments, deterministic, pad, session, write_card, write_evaluation, write_json  # noqa: E402
from samples import GOLDEN, TRIPLETS  # noqa: E402

SEED = 42
WIDTH, HEADS, FEED_FORWARD, POSITIONS, EPSILON = 384, 12, 1536, 512, 1e-12
# Training saw texts of up to 160 tokens; far beyond that the vectors drift away from the teacher's.
MAX_TOKENS = 256
TEACHER_LAYERS, KEPT_LAYERS, VOCABULARY, TOKEN_WIDTH = 6, (0, 2, 5), 21_500, 256
LONGEST, TOKENS_PER_BATCH, PEAK_RATE, SIMILARITY_WEIGHT = 160, 6000, 6e-4, 10.0

# --- model ------------------------------------------------------------------------------------------------------------


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, FEED_FORWARD), nn.Linear(FEED_FORWARD, WIDTH)
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(WIDTH, EPSILON), nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, x, bias):
        n, t, _ = x.shape
        split = lambda y: y.view(n, t, HEADS, WIDTH // HEADS).transpose(1, 2)  # noqa: E731
        q, k, v = split(self.q(x)), split(self.k(x)), split(self.v(x))
        weights = ((q @ k.transpose(2, 3)).float() * (WIDTH // HEADS) ** -0.5 + bias).softmax(-1).to(v.dtype)
        x = self.attention_norm(x + self.o((weights @ v).transpose(1, 2).reshape(n, t, WIDTH)))
        return self.feed_forward_norm(x + self.down(F.gelu(self.up(x))))


class Encoder(nn.Module):
    """BERT without types (the first type's vector is part of the positions), mean pooling, L2."""

    def __init__(self, vocabulary, token_width, layers):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, token_width)
        self.widen = nn.Linear(token_width, WIDTH, bias=False) if token_width != WIDTH else None
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))

    def forward(self, ids, mask):
        bias = (1 - mask.float())[:, None, None] * -1e9
        x = self.tokens(ids)
        x = self.widen(x) if self.widen is not None else x
        x = self.norm(x + self.positions.weight[:ids.shape[1]])
        for layer in self.layers:
            x = layer(x, bias)
        mask = mask.float()[:, :, None]
        return F.normalize((x.float() * mask).sum(1) / mask.sum(1), dim=1)


def load_teacher(path):
    """Reads the weights out of the ONNX file: biases have names, and each matrix is found by the Add that follows it."""
    graph = onnx.load(str(path)).graph
    array = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    product = {n.output[0]: n.input[1] for n in graph.node if n.op_type == "MatMul"}
    matrix = {}
    for n in graph.node:
        if n.op_type == "Add":
            for a, b in (n.input, n.input[::-1]):
                if a in product and b in array:
                    matrix[b] = array[product[a]]
    net = Encoder(30522, WIDTH, TEACHER_LAYERS)
    with torch.no_grad():
        embeddings = "m.embeddings."
        net.tokens.weight.copy_(array[embeddings + "word_embeddings.weight"])
        net.positions.weight.copy_(array[embeddings + "position_embeddings.weight"] + array[embeddings + "token_type_embeddings.weight"][0])

        def norm(module, name):
            module.weight.copy_(array[name + ".weight"])
            module.bias.copy_(array[name + ".bias"])

        norm(net.norm, embeddings + "LayerNorm")
        for i, layer in enumerate(net.layers):
            base = f"m.encoder.layer.{i}."
            for module, name in ((layer.q, "attention.self.query"), (layer.k, "attention.self.key"), (layer.v, "attention.self.value"),
                                 (layer.o, "attention.output.dense"), (layer.up, "intermediate.dense"), (layer.down, "output.dense")):
                module.weight.copy_(matrix[base + name + ".bias"].T)
                module.bias.copy_(array[base + name + ".bias"])
            norm(layer.attention_norm, base + "attention.output.LayerNorm")
            norm(layer.feed_forward_norm, base + "output.LayerNorm")
    return net.eval()


def small_tokenizer(original, counts):
    """The teacher's tokenizer with fewer tokens and no padding or truncation: (tokenizer, kept ids of the teacher)."""
    spec = json.loads(original.read_text(encoding="utf-8"))
    vocabulary = spec["model"]["vocab"]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    usable = [t for t in vocabulary if t.isascii() and not t.startswith("[unused") and t not in special]
    # Single characters stay, so that every ASCII word can be spelt; then what the corpus uses most, then the teacher's order.
    usable.sort(key=lambda t: (len(t.removeprefix("##")) > 1, -counts[vocabulary[t]], vocabulary[t]))
    kept = special + sorted(usable[:VOCABULARY - len(special)], key=vocabulary.get)
    number = {t: i for i, t in enumerate(kept)}
    spec["model"]["vocab"] = number
    spec["padding"] = spec["truncation"] = None
    for token in spec["added_tokens"]:
        token["id"] = number[token["content"]]
    for name, token in spec["post_processor"]["special_tokens"].items():
        token["ids"] = [number[name]]
    return Tokenizer.from_str(json.dumps(spec)), [vocabulary[t] for t in kept]


def student_of(teacher, kept):
    net = Encoder(len(kept), TOKEN_WIDTH, len(KEPT_LAYERS))
    with torch.no_grad():
        table = teacher.tokens.weight[kept]
        mean = table.mean(0)
        _, _, basis = torch.linalg.svd(table - mean, full_matrices=False)
        net.tokens.weight.copy_((table - mean) @ basis[:TOKEN_WIDTH].T)
        net.widen.weight.copy_(basis[:TOKEN_WIDTH].T)
        net.positions.weight.copy_(teacher.positions.weight + mean)
        net.norm.load_state_dict(teacher.norm.state_dict())
        for layer, i in zip(net.layers, KEPT_LAYERS):
            layer.load_state_dict(teacher.layers[i].state_dict())
    return net


# --- distillation -----------------------------------------------------------------------------------------------------


def batches(encoded, rng=None):
    """Row numbers in batches of similar length; shuffled when rng is given."""
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]) + (rng.random() * 2 if rng else 0))
    out, batch = [], []
    for i in order:
        batch.append(i)
        if len(batch) * len(encoded[i]) >= TOKENS_PER_BATCH or len(batch) == 512:
            out.append(batch)
            batch = []
    out += [batch] if batch else []
    if rng:
        rng.shuffle(out)
    return out


def tensors(encoded, rows):
    return tuple(map(torch.from_numpy, pad([encoded[i] for i in rows])))


def embed_all(net, encoded):
    out, start = torch.zeros(len(encoded), WIDTH, dtype=torch.float16), time.time()
    work = batches(encoded)
    for done, rows in enumerate(work):
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            out[rows] = net(*tensors(encoded, rows)).half()
        if done % 100 == 0:
            print(f"  teacher: batch {done} of {len(work)}, {time.time() - start:.0f} s", flush=True)
    return out


def distil(net, encoded, targets, epochs, checkpoint):
    rng = random.Random(SEED)
    optimizer = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.01)
    total, start, step, recent = epochs * len(batches(encoded)), time.time(), 0, []

    @torch.compile(dynamic=True)  # needs a C++ compiler; without this line the result is the same, only later
    def loss_of(ids, mask, target):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made = net(ids, mask)
        own = (1 - (made * target).sum(1)).mean()
        return own, ((made @ made.T - target @ target.T) ** 2).mean()

    first = 0
    if checkpoint and checkpoint.exists():
        state = torch.load(checkpoint)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    for _ in range(epochs):
        for rows in batches(encoded, rng):
            if step < first:
                step += 1
                continue
            progress = step / total
            for group in optimizer.param_groups:
                group["lr"] = PEAK_RATE * min(1, (step + 1) / 100) * (1.01 - progress)
            own, similarity = loss_of(*tensors(encoded, rows), targets[rows].float())
            optimizer.zero_grad(set_to_none=True)
            (own + SIMILARITY_WEIGHT * similarity).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            step += 1
            recent = [*recent[-49:], (own.item(), similarity.item())]
            if step % 100 == 0 or step == total:
                own, similarity = (sum(column) / len(recent) for column in zip(*recent))
                print(f"step {step} of {total}  1 - cosine {own:.4f}  similarity error {similarity:.5f}  {time.time() - start:.0f} s", flush=True)
            if checkpoint and (step % 100 == 0 or step == total):
                torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, checkpoint)
    return net.eval()


# --- export -----------------------------------------------------------------------------------------------------------


def quantised(array, axis):
    """(int8, float32 scales) with one scale for each index of the other axis."""
    scale = np.abs(array).max(axis, keepdims=True) / 127 + 1e-12
    return np.rint(array / scale).astype(np.int8), scale.astype(np.float32)


def export(net, path):
    array = lambda t: t.detach().numpy()  # noqa: E731
    g = Graph("sentences")
    ids = g.input("input_ids", INT64, ["batch", "sequence"])
    mask = g.cast(g.input("attention_mask", INT64, ["batch", "sequence"]), FLOAT)

    def matrix(name, weight):
        """An INT8 matrix [in, out] with a scale for each output; the Cast and the Mul are folded when the model is loaded."""
        values, scale = quantised(array(weight).T, 0)
        return g.op("Mul", g.cast(g.weight(name, values), FLOAT), g.weight(name + ".scale", scale))

    def linear(x, name, module):
        return g.op("Add", g.op("MatMul", x, matrix(f"{name}.weight", module.weight)), g.weight(f"{name}.bias", array(module.bias)))

    def norm(x, name, module):
        return g.op("LayerNormalization", x, g.weight(f"{name}.weight", array(module.weight)), g.weight(f"{name}.bias", array(module.bias)),
                    axis=-1, epsilon=EPSILON)

    def heads(x, perm):
        return g.op("Transpose", g.op("Reshape", x, g.ints(0, 0, HEADS, WIDTH // HEADS)), perm=perm)

    table, scale = quantised(array(net.tokens.weight), 1)
    x = g.cast(g.op("Gather", g.weight("tokens", table), ids), FLOAT)
    x = g.op("Mul", x, g.op("Gather", g.weight("tokens.scale", scale), ids))
    x = g.op("MatMul", x, matrix("widen", net.widen.weight))
    table, scale = quantised(array(net.positions.weight), 1)
    length = g.op("Slice", g.op("Shape", ids), g.ints(1), g.ints(2), g.ints(0))
    positions = g.op("Mul", g.cast(g.weight("positions", table), FLOAT), g.weight("positions.scale", scale))
    x = g.op("Add", x, g.op("Slice", positions, g.ints(0), length, g.ints(0)))
    x = norm(x, "norm", net.norm)
    bias = g.op("Mul", g.op("Sub", g.const(1.0), g.op("Unsqueeze", mask, g.ints(1, 2))), g.const(-1e9))
    for i, layer in enumerate(net.layers):
        name = f"layer{i}."
        q, k, v = (heads(linear(x, name + part, getattr(layer, part)), perm)
                   for part, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])))
        scores = g.op("MatMul", g.op("Mul", q, g.const((WIDTH // HEADS) ** -0.5)), k)
        y = g.op("MatMul", g.op("Softmax", g.op("Add", scores, bias), axis=-1), v)
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.ints(0, 0, WIDTH))
        x = norm(g.op("Add", x, linear(y, name + "o", layer.o)), name + "attention_norm", layer.attention_norm)
        h = linear(x, name + "up", layer.up)
        h = g.op("Mul", g.op("Mul", h, g.const(0.5)), g.op("Add", g.op("Erf", g.op("Mul", h, g.const(math.sqrt(0.5)))), g.const(1.0)))
        x = norm(g.op("Add", x, linear(h, name + "down", layer.down)), name + "feed_forward_norm", layer.feed_forward_norm)
    mask = g.op("Unsqueeze", mask, g.ints(2))
    total = g.op("ReduceSum", g.op("Mul", x, mask), g.ints(1), keepdims=0)
    count = g.op("Max", g.op("ReduceSum", mask, g.ints(1), keepdims=0), g.const(1.0))
    mean = g.op("Div", total, count)
    size = g.op("Sqrt", g.op("ReduceSum", g.op("Mul", mean, mean), g.ints(1), keepdims=1))
    g.output(g.op("Div", mean, g.op("Max", size, g.const(1e-12))), "sentence_embedding", FLOAT, ["batch", WIDTH])
    g.save(path, "Sentence embeddings distilled from all-MiniLM-L6-v2; pooled and of unit length.")


# --- measuring --------------------------------------------------------------------------------------------------------


def embed(run, tokenizer, texts):
    """One text a call, without padding."""
    out = []
    for e in tokenizer.encode_batch(texts):
        ids = np.array([e.ids[:POSITIONS]], np.int64)
        out.append(run.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])
    return np.array(out)


def sts(path, embedder):
    with open(path, encoding="utf-8") as f:
        rows = [r for r in csv.reader(f, delimiter="\t", quoting=csv.QUOTE_NONE)]
    a, b = embedder([r[5] for r in rows]), embedder([r[6] for r in rows])
    return float(spearmanr((a * b).sum(1), [float(r[4]) for r in rows])[0]), len(rows)


def check_batches(run, tokenizer, texts, alone):
    ids, mask = pad([tokenizer.encode(t).ids for t in texts], value=77)
    together = run.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    worst = float(np.abs(together - alone).max())
    print(f"largest difference between a padded batch and one text a call: {worst:.1e}")
    assert worst < 1e-4


def main():
    options = arguments(__doc__, "folder that holds models/minilm-l6-v2 and eval", debian=(None, "folder of the unpacked Debian packages"),
                        epochs=(1, "passes over the corpus"), cache=(None, "file prefix for the teacher's vectors and a checkpoint, to go on after an interruption"))
    out = options.out or Path(__file__).parent
    deterministic(SEED, options.threads)
    torch.use_deterministic_algorithms(False)  # the gradient of the token table is not implemented otherwise in every version
    source = options.data / "models" / "minilm-l6-v2"
    texts = corpus.build(options.data, Path(options.debian), SEED)
    large = Tokenizer.from_file(str(source / "tokenizer.json"))
    large.no_padding()
    large.enable_truncation(LONGEST)
    encoded = [e.ids for e in large.encode_batch(texts)]
    print(f"{len(texts):,} texts, {sum(map(len, encoded)):,} tokens", flush=True)
    teacher = load_teacher(source / "model.onnx")

    cached = Path(f"{options.cache}.teacher.pt") if options.cache else None
    if cached and cached.exists():
        targets = torch.load(cached)
    else:
        targets = embed_all(teacher, encoded)
        if cached:
            torch.save(targets, cached)

    tokenizer, kept = small_tokenizer(source / "tokenizer.json", Counter(t for ids in encoded for t in ids))
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    tokenizer.enable_truncation(LONGEST)
    student = distil(student_of(teacher, kept), [e.ids for e in tokenizer.encode_batch(texts)], targets, options.epochs,
                     Path(f"{options.cache}.student.pt") if options.cache else None)
    tokenizer.no_truncation()
    export(student.eval(), out / "model.onnx")

    run = session(out / "model.onnx", options.threads)
    folder = options.data / "eval" / "stsbenchmark"
    (dev, _), (test, pairs) = (sts(folder / f"sts-{part}.csv", lambda t: embed(run, tokenizer, t)) for part in ("dev", "test"))
    a, b, c = (embed(run, tokenizer, list(column)) for column in zip(*TRIPLETS))
    right = int(((a * b).sum(1) > (a * c).sum(1)).sum())
    with torch.no_grad():
        large.no_truncation()
        of_teacher = lambda column: torch.cat([teacher(*tensors([large.encode(t).ids], [0])) for t in column])  # noqa: E731
        a, b, c = map(of_teacher, zip(*TRIPLETS))
        right_teacher = int(((a * b).sum(1) > (a * c).sum(1)).sum())
    golden = embed(run, tokenizer, GOLDEN)
    check_batches(run, tokenizer, GOLDEN, golden)
    print(f"STS-B Spearman: dev {dev:.4f}, test {test:.4f}; triplets {right} of {len(TRIPLETS)} (teacher {right_teacher})")

    write_json(out / "config.json", {
        "model_type": "bert", "architectures": ["SentenceEncoder"], "vocab_size": len(kept), "hidden_size": WIDTH, "embedding_size": TOKEN_WIDTH,
        "num_hidden_layers": len(KEPT_LAYERS), "num_attention_heads": HEADS, "intermediate_size": FEED_FORWARD,
        "max_position_embeddings": POSITIONS, "layer_norm_eps": EPSILON, "hidden_act": "gelu", "pad_token_id": 0,
    })
    write_evaluation(out / "evaluation.json", {
        "schema": "farthing.evaluation/1",
        "task": "embedding",
        "source": "Written for this model, not trained on; hard on purpose: most dissimilar texts share words with the anchor",
        "license": "Apache-2.0",
        "format": "samples: the similar text must be closer to the anchor (cosine) than the dissimilar one; golden: texts with their vectors, one text a call, no padding",
        "tripletAccuracy": round(right / len(TRIPLETS), 4),
        "tripletAccuracyOfTeacher": round(right_teacher / len(TRIPLETS), 4),
        "stsBenchmark": {"dev": round(dev, 4), "test": round(test, 4)},
        "golden": [{"text": t, "vector": [round(float(x), 5) for x in v]} for t, v in zip(GOLDEN, golden)],
    }, [{"anchor": a, "similar": b, "dissimilar": c} for a, b, c in TRIPLETS])
    write_card(out, {
        "name": "sentences",
        "description": "English sentence embeddings of 384 dimensions: a three-layer student of all-MiniLM-L6-v2 in INT8, for search, grouping and deduplication.",
        "task": "embedding",
        "license": "Apache-2.0",
        "attribution": ["Distilled from sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)",
                        "Texts for the distillation: WordNet 3.0, Copyright 2006 by Princeton University; Debian's fortunes, handbook and FOLDOC; UCI SMS Spam Collection (CC BY 4.0)"],
        "artifacts": {"model": "model.onnx", "tokenizer": "tokenizer.json", "config": "config.json"},
        "placement": {"kind": "function", "group": "small"},
        "text": {"maxTokens": MAX_TOKENS, "pooling": "none", "normalize": True, "dimensions": WIDTH},
        "serviceLevel": {"p99Millis": 200},
        "quality": {
            "metric": "spearman", "value": round(test, 4), "minimum": 0.8,
            "dataset": f"STS-B test, cosine against human scores; no STS-B text was trained on (dev: {dev:.4f})", "samples": pairs,
        },
        "evaluation": "evaluation.json",
        "price": {"usdPerRequest": 0.000001, "usdPerThousandInputTokens": 0.00002},
    })


if __name__ == "__main__":
    main()
