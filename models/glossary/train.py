"""Trains the small causal language model of models/glossary: it continues "dog:" with a definition.

Data          WordNet 3.0 (Princeton University), nouns, verbs, adjectives and adverbs: 117,659 glosses, each written once for
              every word of its synset as "<bos>word: gloss<eos>". Senses that WordNet lists first for a word that its
              tagged corpus knows are repeated, and a few per cent of the words are put as a question ("What is a dog?"),
              which the chat template makes useful. 1,200 glosses are held out with all of their words; no training gloss
              equals one of them.
Architecture  Llama: RMSNorm, rotary positions, SwiGLU, grouped query attention (6 heads, 2 key-value heads of 32), 8 layers
              of width 192, tied embeddings, byte-level BPE of 4,096 pieces trained on the training glosses; 3.9 million
              parameters, stored as FP16 and cast to FP32 in the graph. Key-value cache as in Hugging Face optimum.
Run           python models/glossary/train.py --data DIR --checkpoint FILE
              DIR holds WordNet's data.* and index.* files (Debian: apt-get install wordnet-base, DIR = /usr/share/wordnet).
              The published weights had 3,200 steps with a tokenizer that put no space in front of a word at the start of a
              text, then 900 more with the space (--steps 900 --rate 0.5 --start FILE --checkpoint FILE2). One run of this
              script from scratch has the space from the start; its figure was not measured.
Result        perplexity about 26.7 a token (2.56 a byte) on held-out glosses; half an hour on two CPU threads with BF16
              instructions. Fluent dictionary English; what it says about a word is often wrong. More passes over the common
              words were tried and dropped: the held-out perplexity rose to 44.
"""

import math
import random
import sys
import time
from pathlib import Path

import jinja2
import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from training import FLOAT, INT64, Graph, arguments, deterministic, session, write_card, write_evaluation, write_json  # noqa: E402

SEED = 1851
VOCABULARY, WIDTH, LAYERS, HEADS, KV_HEADS, HEAD_WIDTH, FEED_FORWARD = 4096, 192, 8, 6, 2, 32, 512
EPSILON, ROPE_BASE, CONTEXT = 1e-5, 10000.0, 512
BOS, EOS, PAD = "<bos>", "<eos>", "<pad>"
TOKENS_PER_STEP, SHORT_ROW, LONG_ROW, LONG_FROM = 6144, 128, 256, 0.85  # the last 15 % of the steps see longer rows
MUON_RATE, ADAM_RATE, WEIGHT_DECAY = 6e-3, 4e-3, 0.05
HELD_OUT, GOLDEN_PROMPTS, GOLDEN_TOKENS = 1200, ["river:", "kindness:", "quickly:"], 48
# Word -> prompt, before the colon. The plain word is by far the most frequent one.
QUESTIONS = ["What is {}?", "What is a {}?", "What does {} mean?", "Define {}", "Define {}.", "define the word {}", "what's a {}?"]
# A user turn is a word (or "What is a word?"), the answer its definition. System messages have no use here.
CHAT_TEMPLATE = (
    "{% for message in messages %}{% set text = message['content'] | trim %}"
    "{% if message['role'] == 'user' %}{{ bos_token + text }}{% if text[-1:] != ':' %}{{ ':' }}{% endif %}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + text + eos_token }}{% endif %}{% endfor %}"
)

# --- data -------------------------------------------------------------------------------------------------------------


def load(folder):
    """(training documents, held-out documents); a document is (word, gloss, repetitions)."""
    synsets = []
    for part, kind in (("noun", "n"), ("verb", "v"), ("adj", "a"), ("adv", "r")):
        first = {}  # word -> offset of its first sense, where the tagged corpus knows the word
        for line in (folder / f"index.{part}").read_text(encoding="utf-8").splitlines():
            if not line.startswith("  "):
                f = line.split()
                at = 4 + int(f[3])
                if int(f[at + 1]) > 0:
                    first[f[0]] = f[at + 2]
        for line in (folder / f"data.{part}").read_text(encoding="utf-8").splitlines():
            if not line.startswith("  "):
                fields, gloss = line.split(" | ", 1)
                f = fields.split(" ")
                words = [f[4 + 2 * i].split("(")[0] for i in range(int(f[3], 16))]
                gloss = " ".join(gloss.split()).rstrip("; ")
                synsets.append((gloss, [(w.replace("_", " "), first.get(w.lower()) == f[0]) for w in words]))
    rng = random.Random(SEED)
    rng.shuffle(synsets)
    held, training = synsets[:HELD_OUT], synsets[HELD_OUT:]
    hidden = {gloss for gloss, _ in held}
    held = [(words[0][0], gloss) for gloss, words in held]
    training = [(w, gloss, 3 if common else 1) for gloss, words in training if gloss not in hidden for w, common in words]
    return training, held


def make_tokenizer(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, show_progress=False, special_tokens=[BOS, EOS, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    # From here on a text gets a space in front, so that "dog" at its start is the same token as in the middle of a gloss.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B", special_tokens=[(BOS, tokenizer.token_to_id(BOS))])
    return tokenizer


def stream(documents, tokenizer, rng):
    """Endless token ids of shuffled documents, each <bos>word: gloss<eos>."""
    bos, eos = tokenizer.token_to_id(BOS), tokenizer.token_to_id(EOS)
    encode = lambda texts: [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)]  # noqa: E731
    plain = [[bos, *ids, eos] for ids in encode([f"{word}: {gloss}" for word, gloss, _ in documents])]
    order = [i for i, d in enumerate(documents) for _ in range(d[2])]
    while True:
        rng.shuffle(order)
        for i in order:
            chance = rng.random()
            if chance > 0.08:
                yield plain[i]
            else:
                word, gloss, _ = documents[i]
                word = rng.choice(QUESTIONS).format(word) if chance < 0.06 else word[:1].upper() + word[1:]
                yield [bos, *encode([f"{word}: {gloss}"])[0], eos]


def batch_of(documents, row):
    """Rows of row + 1 token ids; a row starts with a document and holds as many as fit, the last one cut."""
    rows = []
    while len(rows) < TOKENS_PER_STEP // row:
        ids = []
        while len(ids) <= row:
            ids += next(documents)
        rows.append(ids[:row + 1])
    return torch.tensor(rows)


# --- model ------------------------------------------------------------------------------------------------------------


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return F.rms_norm(x.float(), (WIDTH,), self.weight, EPSILON)


def rotary(length):
    frequencies = ROPE_BASE ** (-torch.arange(0, HEAD_WIDTH, 2).float() / HEAD_WIDTH)
    angles = torch.arange(length).float()[:, None] * torch.cat([frequencies, frequencies])
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        linear = lambda i, o: nn.Linear(i, o, bias=False)  # noqa: E731
        self.attention_norm, self.feed_forward_norm = Norm(), Norm()
        self.q, self.o = linear(WIDTH, HEADS * HEAD_WIDTH), linear(HEADS * HEAD_WIDTH, WIDTH)
        self.k, self.v = linear(WIDTH, KV_HEADS * HEAD_WIDTH), linear(WIDTH, KV_HEADS * HEAD_WIDTH)
        self.gate, self.up, self.down = linear(WIDTH, FEED_FORWARD), linear(WIDTH, FEED_FORWARD), linear(FEED_FORWARD, WIDTH)

    def forward(self, x, cos, sin, causal):
        n, t, _ = x.shape
        h = self.attention_norm(x)
        split = lambda y, heads: y.view(n, t, heads, HEAD_WIDTH).transpose(1, 2)  # noqa: E731
        q, k, v = split(self.q(h), HEADS), split(self.k(h), KV_HEADS), split(self.v(h), KV_HEADS)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        # Written out: on a CPU the fused attention's backward pass is several times slower at this size.
        q = q.reshape(n, KV_HEADS, HEADS // KV_HEADS * t, HEAD_WIDTH)
        scores = (q @ k.transpose(2, 3)).float() * HEAD_WIDTH ** -0.5
        weights = (scores.view(n, KV_HEADS, -1, t, t) + causal).softmax(-1).to(v.dtype)
        y = (weights.view(n, KV_HEADS, -1, t) @ v).view(n, HEADS, t, HEAD_WIDTH)
        x = x + self.o(y.transpose(1, 2).reshape(n, t, -1))
        h = self.feed_forward_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = Norm()
        nn.init.normal_(self.embedding.weight, std=0.02)
        for layer in self.layers:
            for name in ("o", "down"):
                nn.init.normal_(getattr(layer, name).weight, std=0.02 / math.sqrt(2 * LAYERS))

    def forward(self, ids):
        cos, sin = (a.to(torch.bfloat16) for a in rotary(ids.shape[1]))
        causal = torch.full((ids.shape[1], ids.shape[1]), -torch.inf).triu(1)
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, cos, sin, causal)
        return F.linear(self.norm(x), self.embedding.weight)


def train(documents, tokenizer, steps, rate, start_from, checkpoint):
    rng = random.Random(SEED + 1)
    net = Llama()
    print(f"{sum(p.numel() for p in net.parameters()):,} parameters", flush=True)
    matrices = [p for p in net.layers.parameters() if p.ndim == 2]
    rest = [p for p in net.parameters() if not any(p is m for m in matrices)]
    optimizers = [
        torch.optim.Muon(matrices, lr=MUON_RATE * rate, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=ADAM_RATE * rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]
    peaks = [group["lr"] for o in optimizers for group in o.param_groups]
    feed = stream(documents, tokenizer, rng)

    @torch.compile  # needs a C++ compiler; without this line the result is the same, the speed about a half
    def loss_of(batch):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(batch[:, :-1])
            return F.cross_entropy(logits.flatten(0, 1).float(), batch[:, 1:].flatten())

    start, seen, recent, first = time.time(), 0, [], 0
    if start_from:
        net.load_state_dict(torch.load(start_from)["net"])
    if checkpoint and checkpoint.exists():
        state = torch.load(checkpoint)
        net.load_state_dict(state["net"])
        for o, saved in zip(optimizers, state["optimizers"]):
            o.load_state_dict(saved)
        first = state["step"]
    for step in range(steps):
        factor = min(1, (step + 1) / 60) * (1 if step < 0.4 * steps else 1 - 0.98 * (step - 0.4 * steps) / (0.6 * steps))
        for group, peak in zip((g for o in optimizers for g in o.param_groups), peaks):
            group["lr"] = peak * factor
        batch = batch_of(feed, SHORT_ROW if step < LONG_FROM * steps else LONG_ROW)
        if step < first:
            continue  # resumed: only the order of the data is repeated
        loss = loss_of(batch)
        for o in optimizers:
            o.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for o in optimizers:
            o.step()
        seen += batch.numel()
        recent = [*recent[-49:], loss.item()]
        if step % 50 == 0 or step == steps - 1:
            print(f"step {step:5d}  loss {sum(recent) / len(recent):.4f}  {seen / (time.time() - start):,.0f} tokens/s  {time.time() - start:.0f} s", flush=True)
        if checkpoint and (step % 100 == 99 or step == steps - 1):
            torch.save({"net": net.state_dict(), "optimizers": [o.state_dict() for o in optimizers], "step": step + 1}, checkpoint)
    return net.eval()


# --- export -----------------------------------------------------------------------------------------------------------


def export(net, path):
    """The graph of a Llama in Hugging Face optimum's layout; weights are FP16 and cast to FP32 (folded at load)."""
    g = Graph("glossary")
    half = lambda name, t: g.cast(g.weight(name, t.detach().numpy().astype(np.float16)), FLOAT)  # noqa: E731
    ids = g.input("input_ids", INT64, ["batch", "sequence"])
    mask = g.input("attention_mask", INT64, ["batch", "total"])
    positions = g.input("position_ids", INT64, ["batch", "sequence"])
    shape = ["batch", KV_HEADS, "past", HEAD_WIDTH]
    past = [[g.input(f"past_key_values.{i}.{name}", FLOAT, shape) for name in ("key", "value")] for i in range(LAYERS)]
    present = []

    def dimension(x, axis):
        return g.op("Slice", g.op("Shape", x), g.ints(axis), g.ints(axis + 1), g.ints(0))

    def norm(x, name, module):
        variance = g.op("ReduceMean", g.op("Mul", x, x), axes=[-1])
        x = g.op("Div", x, g.op("Sqrt", g.op("Add", variance, g.const(EPSILON))))
        return g.op("Mul", x, g.weight(name, module.weight.detach().numpy()))

    def linear(x, name, module):
        return g.op("MatMul", x, half(name, module.weight.T))

    def heads(x, count):
        return g.op("Transpose", g.op("Reshape", x, g.ints(0, 0, count, HEAD_WIDTH)), perm=[0, 2, 1, 3])

    def turned(x, cos, sin):
        middle = HEAD_WIDTH // 2
        a = g.op("Slice", x, g.ints(0), g.ints(middle), g.ints(3))
        b = g.op("Slice", x, g.ints(middle), g.ints(HEAD_WIDTH), g.ints(3))
        return g.op("Add", g.op("Mul", x, cos), g.op("Mul", g.op("Concat", g.op("Neg", b), a, axis=3), sin))

    def repeated(x):
        """Grouped query attention: every key-value head serves HEADS / KV_HEADS query heads."""
        group = HEADS // KV_HEADS
        x = g.op("Unsqueeze", x, g.ints(2))
        x = g.op("Expand", x, g.ints(1, 1, group, 1, 1))
        return g.op("Reshape", x, g.ints(0, HEADS, -1, HEAD_WIDTH))

    # Bias of the attention scores: 0 where the key is real and not later than the query, else a large negative number.
    total = dimension(mask, 1)
    query = g.op("Sub", total, dimension(ids, 1))
    zero, one = g.const(0, np.int64), g.const(1, np.int64)
    keys = g.op("Range", zero, g.op("Squeeze", total, g.ints(0)), one)
    queries = g.op("Range", g.op("Squeeze", query, g.ints(0)), g.op("Squeeze", total, g.ints(0)), one)
    causal = g.op("LessOrEqual", g.op("Unsqueeze", keys, g.ints(0)), g.op("Unsqueeze", queries, g.ints(1)))
    real = g.op("Unsqueeze", g.cast(mask, 9), g.ints(1, 2))  # 9: bool
    allowed = g.op("And", g.op("Unsqueeze", causal, g.ints(0, 1)), real)
    bias = g.op("Where", allowed, g.const(0.0), g.const(-1e9))

    frequencies = ROPE_BASE ** (-np.arange(0, HEAD_WIDTH, 2, dtype=np.float32) / HEAD_WIDTH)
    angles = g.op("Mul", g.op("Unsqueeze", g.cast(positions, FLOAT), g.ints(2)),
                  g.weight("rope.frequencies", np.concatenate([frequencies, frequencies]).astype(np.float32)[None, None]))
    cos, sin = (g.op("Unsqueeze", g.op(kind, angles), g.ints(1)) for kind in ("Cos", "Sin"))

    embedding = half("embedding.weight", net.embedding.weight)
    x = g.op("Gather", embedding, ids)
    for i, layer in enumerate(net.layers):
        h = norm(x, f"layer{i}.attention_norm", layer.attention_norm)
        q = turned(heads(linear(h, f"layer{i}.q", layer.q), HEADS), cos, sin)
        k = turned(heads(linear(h, f"layer{i}.k", layer.k), KV_HEADS), cos, sin)
        v = heads(linear(h, f"layer{i}.v", layer.v), KV_HEADS)
        k, v = g.op("Concat", past[i][0], k, axis=2), g.op("Concat", past[i][1], v, axis=2)
        present.append((k, v))
        scores = g.op("MatMul", g.op("Mul", q, g.const(HEAD_WIDTH ** -0.5)), g.op("Transpose", repeated(k), perm=[0, 1, 3, 2]))
        y = g.op("MatMul", g.op("Softmax", g.op("Add", scores, bias), axis=-1), repeated(v))
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.ints(0, 0, HEADS * HEAD_WIDTH))
        x = g.op("Add", x, linear(y, f"layer{i}.o", layer.o))
        h = norm(x, f"layer{i}.feed_forward_norm", layer.feed_forward_norm)
        gate = linear(h, f"layer{i}.gate", layer.gate)
        gate = g.op("Mul", gate, g.op("Sigmoid", gate))
        x = g.op("Add", x, linear(g.op("Mul", gate, linear(h, f"layer{i}.up", layer.up)), f"layer{i}.down", layer.down))
    logits = g.op("MatMul", norm(x, "norm", net.norm), g.op("Transpose", embedding, perm=[1, 0]))
    g.output(logits, "logits", FLOAT, ["batch", "sequence", VOCABULARY])
    for i, pair in enumerate(present):
        for name, tensor in zip(("key", "value"), pair):
            g.output(tensor, f"present.{i}.{name}", FLOAT, ["batch", KV_HEADS, "total", HEAD_WIDTH])
    g.save(path, "A small Llama that writes dictionary definitions; layout of Hugging Face optimum with key-value cache.")


# --- running the exported model ---------------------------------------------------------------------------------------


class Runner:
    def __init__(self, path, threads):
        self.session = session(path, threads)

    def step(self, ids, mask, positions, past=None):
        feed = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
        for i in range(LAYERS):
            for j, name in enumerate(("key", "value")):
                empty = np.zeros((len(ids), KV_HEADS, 0, HEAD_WIDTH), np.float32)
                feed[f"past_key_values.{i}.{name}"] = empty if past is None else past[2 * i + j]
        logits, *present = self.session.run(None, feed)
        return logits, present

    def all_at_once(self, ids):
        ids = np.array([ids], np.int64)
        return self.step(ids, np.ones_like(ids), np.arange(ids.shape[1])[None])[0][0]

    def greedy(self, prompt, eos, limit):
        logits, past = self.step(np.array([prompt], np.int64), np.ones((1, len(prompt)), np.int64), np.arange(len(prompt))[None])
        out = []
        while len(out) < limit:
            out.append(int(logits[0, -1].argmax()))
            if out[-1] == eos:
                break
            at = len(prompt) + len(out) - 1
            logits, past = self.step(np.array([[out[-1]]]), np.ones((1, at + 1), np.int64), np.array([[at]]), past)
        return out


def log_softmax(x):
    x = x.astype(np.float64) - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def continuation_loss(runner, tokenizer, word, gloss):
    """(summed negative log likelihood of gloss and <eos> after "word:", tokens)."""
    prompt = tokenizer.encode(f"{word}:").ids
    ids = [*tokenizer.encode(f"{word}: {gloss}").ids, tokenizer.token_to_id(EOS)]
    assert ids[:len(prompt)] == prompt
    table = log_softmax(runner.all_at_once(ids[:-1]))
    losses = [-table[t - 1, ids[t]] for t in range(len(prompt), len(ids))]
    return float(sum(losses)), len(losses)


def check_cache(runner, tokenizer):
    """One-shot logits must equal step-by-step logits, alone and in a left-padded batch."""
    texts = ["dog: a member of the genus Canis that has been domesticated by man", "lamp: an artificial source of light"]
    ids = [tokenizer.encode(t).ids for t in texts]
    once = [runner.all_at_once(i) for i in ids]
    past, worst = None, 0.0
    for t, token in enumerate(ids[0]):
        logits, past = runner.step(np.array([[token]]), np.ones((1, t + 1), np.int64), np.array([[t]]), past)
        worst = max(worst, float(np.abs(logits[0, 0] - once[0][t]).max()))
    width = max(map(len, ids))
    mask = np.array([[0] * (width - len(i)) + [1] * len(i) for i in ids])
    padded = np.array([[tokenizer.token_to_id(PAD)] * (width - len(i)) + i for i in ids])
    positions = np.maximum(mask.cumsum(1) - 1, 0)
    half = width - 4
    first, past = runner.step(padded[:, :half], mask[:, :half], positions[:, :half])
    second, _ = runner.step(padded[:, half:], mask, positions[:, half:], past)
    both = np.concatenate([first, second], 1)
    for row, i in enumerate(ids):
        worst = max(worst, float(np.abs(both[row, width - len(i):] - once[row]).max()))
    print(f"largest difference between one-shot, cached and left-padded logits: {worst:.2e}")
    assert worst < 1e-3
    return worst


def write_configs(out, tokenizer):
    bos, eos, padding = (tokenizer.token_to_id(t) for t in (BOS, EOS, PAD))
    ids = {"bos_token_id": bos, "eos_token_id": eos, "pad_token_id": padding}
    write_json(out / "config.json", {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", **ids,
        "vocab_size": VOCABULARY, "hidden_size": WIDTH, "intermediate_size": FEED_FORWARD, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "head_dim": HEAD_WIDTH, "hidden_act": "silu",
        "rms_norm_eps": EPSILON, "rope_theta": ROPE_BASE, "rope_scaling": None, "max_position_embeddings": CONTEXT,
        "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True, "torch_dtype": "float16", "use_cache": True,
    })
    write_json(out / "generation_config.json", {**ids, "max_new_tokens": 64})
    write_json(out / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS, "eos_token": EOS, "pad_token": PAD,
        "add_bos_token": True, "clean_up_tokenization_spaces": False, "model_max_length": CONTEXT,
        "chat_template": CHAT_TEMPLATE,
    })


def main():
    options = arguments(__doc__, "folder that holds WordNet's data.noun, index.noun, ...", steps=(3200, "training steps"), rate=(1.0, "factor of the learning rates"), start=(None, "checkpoint whose weights to start from"),
                        checkpoint=(None, "file that is written every 100 steps; if it exists, training goes on from there"))
    out = options.out or Path(__file__).parent
    deterministic(SEED, options.threads)
    training, held_out = load(options.data)
    print(f"{len(training):,} training documents, {len(held_out):,} held-out glosses")
    tokenizer = make_tokenizer([f"{w}: {g}" for w, g, _ in training])
    tokenizer.save(str(out / "tokenizer.json"))
    net = train(training, tokenizer, options.steps, options.rate, options.start, Path(options.checkpoint) if options.checkpoint else None)
    export(net.eval(), out / "model.onnx")
    write_configs(out, tokenizer)

    runner = Runner(out / "model.onnx", options.threads)
    difference = check_cache(runner, tokenizer)
    losses = [continuation_loss(runner, tokenizer, w, g) for w, g in held_out]
    loss, tokens = sum(a for a, _ in losses), sum(n for _, n in losses)
    size = sum(len(f" {g}".encode()) for _, g in held_out)
    perplexity, per_byte = math.exp(loss / tokens), math.exp(loss / size)
    print(f"held out: perplexity {perplexity:.2f} a token, {per_byte:.3f} a byte ({tokens:,} tokens, {size:,} bytes, {len(held_out):,} glosses)")

    eos = tokenizer.token_to_id(EOS)
    golden = []
    for prompt in GOLDEN_PROMPTS:
        ids = runner.greedy(tokenizer.encode(prompt).ids, eos, GOLDEN_TOKENS)
        golden.append({"prompt": prompt, "ids": ids, "text": tokenizer.decode(ids)})
        print(prompt + golden[-1]["text"])
    render = jinja2.Environment().from_string(CHAT_TEMPLATE).render
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is a violin?"}]
    prompt = render(messages=chat, bos_token=BOS, eos_token=EOS, add_generation_prompt=True)
    ids = tokenizer.encode(prompt, add_special_tokens=False).ids
    print(f"chat {prompt!r}:{tokenizer.decode(runner.greedy(ids, eos, GOLDEN_TOKENS))}")
    write_evaluation(out / "evaluation.json", {
        "schema": "farthing.evaluation/1",
        "task": "text-generation",
        "source": "WordNet 3.0, 40 glosses that were held out from training with all of their words",
        "license": "WordNet 3.0 licence (see LICENSE.wordnet)",
        "format": "nll: summed natural-log loss of continuation and <eos>, given <bos> and prompt, one text a call; tokens: how many that are",
        "golden": golden,
        "goldenNote": "Greedy continuations, measured on one CPU with onnxruntime. Another CPU or version may differ where two tokens are almost equally likely.",
        "largestCacheDifference": float(f"{difference:.2e}"),
    }, [{"prompt": f"{w}:", "continuation": f" {g}", "nll": round(nll, 4), "tokens": n} for (w, g), (nll, n) in list(zip(held_out, losses))[:40]])
    write_card(out, {
        "name": "glossary",
        "description": "A language model of 3.9 million parameters that writes dictionary English: \"river:\" is continued with a definition. Fluent, but often wrong: for trying out text generation.",
        "task": "text-generation",
        "license": "Apache-2.0",
        "attribution": ["Trained on WordNet 3.0, Copyright 2006 by Princeton University (WordNet licence)"],
        "artifacts": {
            "model": "model.onnx", "tokenizer": "tokenizer.json", "config": "config.json",
            "generationConfig": "generation_config.json", "tokenizerConfig": "tokenizer_config.json",
        },
        "placement": {"kind": "function", "group": "small"},
        "text": {"maxTokens": CONTEXT // 2},
        "quality": {
            "metric": "perplexity", "value": round(perplexity, 2), "minimum": math.ceil(perplexity * 1.02),
            "dataset": f"WordNet 3.0, 1,200 held-out glosses, per token of gloss and end mark given the word ({per_byte:.3f} a byte)",
            "samples": len(held_out),
        },
        "evaluation": "evaluation.json",
        "price": {"usdPerRequest": 0.000002, "usdPerThousandInputTokens": 0.00005, "usdPerThousandOutputTokens": 0.0002},
    })


if __name__ == "__main__":
    main()
