"""Texts for the distillation of models/sentences; no labels are needed, the teacher embeds whatever it is given.

Sources, as unpacked Debian packages below one folder: wordnet-base (glosses and examples), fortunes and fortunes-min,
debian-handbook (English), dict-foldoc; the training messages of the UCI SMS Spam Collection; and sentences put together
from word lists below (captions, headlines, questions). STS-B is not among them.
"""

import csv
import gzip
import html
import json
import random
import re

PEOPLE = """man woman boy girl child baby person teenager farmer chef doctor nurse teacher student soldier firefighter
tourist dancer singer musician painter cyclist runner swimmer skier surfer carpenter|police officer|old man|old woman|young man|young woman|little
girl|little boy|group of people|couple|two men|two women|two boys|two girls|three children|crowd|family|toddler|worker|player|athlete"""
ANIMALS = """dog cat horse cow sheep bird puppy kitten monkey elephant tiger lion bear rabbit squirrel duck goat pig fox wolf mouse panda
black dog|brown dog|white dog|white cat|small dog|big dog|two dogs|two cats|brown horse|black bird|hamster|turtle|fish|snake|frog"""
HUMAN_ACTS = """playing a guitar|playing the piano|playing the flute|playing the drums|playing a violin|slicing an onion|slicing a tomato|
cutting a potato|chopping garlic|peeling a carrot|cooking pasta|frying an egg|stirring a soup|baking a cake|mixing dough|pouring water
into a glass|drinking coffee|eating an apple|eating a sandwich|riding a bike|riding a horse|riding a motorcycle|driving a car|driving a
truck|walking a dog|feeding a cat|petting a horse|reading a book|reading the newspaper|writing a letter|drawing a picture|painting a wall|
talking on the phone|using a laptop|typing on a keyboard|taking a photo|watching television|listening to music|singing a song|dancing|
jumping rope|jumping into a pool|swimming in the sea|surfing a wave|skiing down a hill|snowboarding|skating|climbing a rock wall|climbing a
tree|running a marathon|running|walking|kicking a ball|throwing a ball|catching a frisbee|playing soccer|playing football|playing
basketball|playing tennis|playing baseball|playing chess|playing cards|lifting weights|doing push ups|exercising|sleeping|sitting on a
bench|standing in line|waiting for a bus|crossing the street|shopping for clothes|washing the dishes|washing a car|folding a shirt|
ironing|sewing a dress|knitting|cutting paper with scissors|hammering a nail|sawing wood|fixing a bicycle|repairing a roof|digging a
hole|planting a tree|watering flowers|mowing the lawn|fishing|rowing a boat|sailing|flying a kite|blowing bubbles|building a sandcastle|
putting on makeup|brushing his teeth|combing her hair|shaving|laughing|crying|smiling at the camera|shouting|arguing|kissing|hugging|
shooting a gun|firing a rifle|opening a box|closing a door|carrying a bag|pushing a cart|pulling a rope|cleaning a window"""
ANIMAL_ACTS = """running|walking|sleeping|eating|drinking water|playing with a ball|playing with a toy|chasing a cat|chasing a stick|
catching a frisbee|jumping over a fence|jumping into the water|swimming|barking|looking out of a window|lying on a couch|lying on the
floor|sitting on a chair|climbing a tree|rolling in the grass|licking a bowl|chewing a bone|fighting|being brushed|carrying a stick in its
mouth|standing in a field|hiding under a table|walking through the snow|shaking off water|running with a stick"""
PLACES = """in the park|on the beach|in a kitchen|on a street|in a garden|in the snow|on a stage|in a field|near a lake|by the river|in the
forest|at night|in the rain|outdoors|indoors|in front of a building|on a sidewalk|in the living room|at a restaurant|in a classroom|on a
boat|on a bridge|in the city|at the airport|in an office|on the grass|in a crowd|on a mountain|in the desert|under a tree"""
THINGS = """red car|old truck|white plane|train|wooden boat|bicycle|motorcycle|bus|ferry|blue house|tall building|church|bridge|tower|table|
chair|bed|lamp|bowl of fruit|plate of food|cup of coffee|bottle of wine|vase of flowers|pile of books|computer|television|sign|flag|umbrella|
kite|statue|fountain|clock|mirror|bathroom|kitchen|bedroom|cake|pizza|sandwich|bunch of bananas|ball|hat|pair of shoes"""
THING_ACTS = """parked on the street|sitting on a table|in front of a house|covered with snow|next to a tree|at a station|flying in the sky|
on the shore|on a shelf|in a room|near the water|with people around it|in the sunlight|under a cloudy sky|seen from above"""
COUNTRIES = """US UK China Russia India Pakistan Iran Iraq Israel Syria Egypt Libya Turkey Greece Italy France Germany Spain Ukraine Poland
Japan Afghanistan Nigeria Kenya Somalia Mali Sudan Brazil Mexico Argentina Chile Venezuela Cuba Canada Australia Indonesia Thailand
Philippines Vietnam Lebanon Jordan Yemen Sweden Norway South Korea|North Korea|South Africa|Saudi Arabia|New Zealand|Hong Kong"""
WHO = """president|prime minister|foreign minister|parliament|opposition leader|supreme court|army|police|central bank|government|
protesters|rebels|UN envoy|health officials|prosecutors|the senate|a judge|union leaders|investigators|finance minister"""
EVENTS = """says it will not negotiate|rejects the peace plan|calls for new elections|wins election|resigns after scandal|arrested on
corruption charges|approves the budget|raises interest rates|cuts spending|announces new sanctions|denies the report|meets the pope|visits the
earthquake zone|warns of more attacks|frees political prisoners|signs trade deal|launches missile|shoots down drone|bans smoking|delays the
vote|opens talks with rebels|condemns the bombing|sentenced to life in prison|dies at 90|hospitalised with infection|pleads not guilty|to
step down next year|orders troops to withdraw|expels the ambassador|halts gas supplies|files a lawsuit|agrees to a ceasefire"""
HAPPENINGS = """car bomb kills {n}|bus crash kills {n}|suicide attack kills at least {n}|plane with {n} aboard goes missing|earthquake kills
{n}|floods leave {n} dead|ferry sinks, {n} missing|train derails, {n} injured|mine explosion traps {n} workers|factory fire kills {n}|
gunmen kill {n} soldiers|protest turns violent, {n} arrested|storm leaves {n} homeless|strike kills {n} militants|avalanche buries {n} climbers"""
FIRMS = """Apple Google Microsoft Oracle Intel Boeing Toyota Ford Sony Nokia Samsung Walmart Pfizer Shell BP Verizon AT&T Disney IBM Amazon
Facebook Twitter Airbus Volkswagen Siemens Nestle Yahoo Cisco Dell HP the company|the airline|the bank|the drug maker|the chip maker"""
MONEY = """shares {move} {n} percent|stock {move} {n} cents to ${n}.{n}|reported a quarterly profit of ${n} million|reported a loss of {n} cents a
share|will cut {n},000 jobs|agreed to buy a rival for ${n} billion|was sued over patents|said revenue {move} {n} percent|recalls {n},000
products|named a new chief executive|will open {n} new stores|settled the lawsuit for ${n} million"""
TOPICS = """a cast iron pan|a sourdough starter|a leaking tap|a slow computer|my cover letter|a job interview|a PhD application|house plants|a
bicycle chain|a cat that scratches|a barking dog|a noisy neighbour|my credit score|a mortgage|a tax return|a second language|the piano|a
camera lens|a wedding speech|jet lag|back pain|a marathon|a cold|insomnia|a vegetarian diet|a password manager|a database index|a memory leak|
a unit test|a pull request|a docker container|an API key|a refund|a late delivery|a broken screen|a lost card|a subscription|an invoice"""
ASKS = """How do I fix {t}?|What is the best way to deal with {t}?|How can I improve {t}?|Is it worth paying for {t}?|Should I worry about {t}?|
Can anyone recommend something for {t}?|What should I know about {t}?|How long does it take to get {t}?|Why do people care about {t}?|Where can I
learn about {t}?|You should ask an expert about {t}.|I would not spend much time on {t}.|It depends on {t}.|I have the same problem with {t}.|
There is no simple answer when it comes to {t}.|I want to cancel {t}.|Please help me with {t}.|Do you need {t}?|What's the difference between
{t} and {u}?|I prefer {t} to {u}.|Which is better, {t} or {u}?"""


def items(text):
    """A word list: phrases between bars, otherwise words between spaces; a line break counts as a space."""
    text = re.sub(r"\s*\n\s*", " ", text)
    out = []
    for part in text.split("|"):
        part = part.strip()
        out += part.split(" ") if "|" not in text or part.count(" ") > 12 else [part]
    return [p for p in out if p]


def composed(rng, count):
    """Captions, headlines, business news and questions put together at random."""
    people, animals, human, animal = items(PEOPLE), items(ANIMALS), items(HUMAN_ACTS), items(ANIMAL_ACTS)
    places, things, thing_acts, countries = items(PLACES), items(THINGS), items(THING_ACTS), items(COUNTRIES)
    who, events, happenings, firms, money = items(WHO), items(EVENTS), items(HAPPENINGS), items(FIRMS), items(MONEY)
    topics, asks = items(TOPICS), items(ASKS)
    number = lambda: str(rng.choice([rng.randint(2, 12), rng.randint(10, 99), rng.randint(100, 400)]))  # noqa: E731
    fill = lambda s: re.sub(r"\{n\}", lambda _: number(), s).replace("{move}", rng.choice(["rose", "fell", "gained", "lost", "jumped", "slid"]))  # noqa: E731

    def noun(word):
        if word.split()[0] in ("two", "three"):
            return word
        return rng.choice(["An" if word[0] in "aeiou" else "A"] * 2 + ["The"]) + " " + word

    def caption():
        kind = rng.random()
        if kind < 0.5:
            subject, act = noun(rng.choice(people)), rng.choice(human)
        elif kind < 0.8:
            subject, act = noun(rng.choice(animals)), rng.choice(animal)
        else:
            return f"{noun(rng.choice(things))} {rng.choice(thing_acts)}."
        verb = ("are" if subject.split()[0] in ("two", "three") else "is") + (" not" if rng.random() < 0.04 else "")
        place = f" {rng.choice(places)}" if rng.random() < 0.35 else ""
        second = f" and {rng.choice(human if kind < 0.5 else animal)}" if rng.random() < 0.06 else ""
        text = f"{subject} {act}{second}{place}" if rng.random() < 0.15 else f"{subject} {verb} {act}{second}{place}"
        return text[:1].upper() + text[1:] + ("." if rng.random() < 0.8 else "")

    def headline():
        kind = rng.random()
        country = rng.choice(countries)
        if kind < 0.35:
            return f"{country} {rng.choice(who)} {rng.choice(events)}"
        if kind < 0.6:
            return f"{country} {rng.choice(events)}"
        if kind < 0.85:
            text = fill(rng.choice(happenings))
            return f"{country} {text}" if rng.random() < 0.4 else f"{text[:1].upper()}{text[1:]} in {country}"
        return f"{country}, {rng.choice(countries)} {rng.choice(['agree to talks', 'exchange fire', 'sign agreement', 'trade accusations'])}"

    def business():
        return f"{rng.choice(firms)} {fill(rng.choice(money))}" + (rng.choice([" on Monday", " in New York trading", " this year", ", the company said"]) if rng.random() < 0.5 else "") + "."

    def question():
        text = rng.choice(asks).replace("{t}", rng.choice(topics)).replace("{u}", rng.choice(topics))
        return text

    makers = [caption] * 9 + [headline] * 5 + [business] * 3 + [question] * 3
    return [rng.choice(makers)() for _ in range(count)]


def wordnet(folder):
    glosses, examples, words = [], [], []
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{part}").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):
                continue
            fields, gloss = line.split(" | ", 1)
            f = fields.split(" ")
            lemmas = [f[4 + 2 * i].split("(")[0].replace("_", " ") for i in range(int(f[3], 16))]
            words += lemmas
            quoted = re.findall(r'"([^"]{12,200})"', gloss)
            examples += quoted
            plain = re.sub(r';?\s*"[^"]*"', "", gloss).strip(" ;")
            if plain:
                glosses += [plain, f"{lemmas[0]}: {plain}"]
    return glosses, examples, words


def fortunes(folder):
    paragraphs, sentences = [], []
    for path in sorted(folder.iterdir()):
        if path.suffix or path.name.startswith("ascii"):
            continue
        for block in path.read_text(encoding="utf-8", errors="ignore").split("\n%"):
            text = " ".join(re.sub(r".\x08", "", block).replace("%", " ").split())
            if 20 < len(text) < 1200 and sum(c.isalpha() for c in text) > 0.6 * len(text):
                paragraphs.append(text)
                sentences += re.split(r"(?<=[.!?]) +", text)
    return paragraphs, [s for s in sentences if 15 < len(s) < 250]


def handbook(folder):
    paragraphs, sentences = [], []
    for path in sorted(folder.rglob("*.html")):
        for block in re.findall(r'<div class="para">(.*?)</div>|<p>(.*?)</p>', path.read_text(encoding="utf-8"), re.S):
            text = " ".join(html.unescape(re.sub(r"<[^>]+>", "", "".join(block))).split())
            if 30 < len(text) < 1500:
                paragraphs.append(text)
                sentences += re.split(r"(?<=[.!?]) +", text)
    return paragraphs, [s for s in sentences if 15 < len(s) < 250]


def foldoc(path):
    with gzip.open(path, "rt", encoding="utf-8", errors="ignore") as f:
        text = f.read()
    paragraphs = [" ".join(re.sub(r"[{}]|<[^>]*>", "", p).split()) for p in re.split(r"\n\s*\n", text)]
    paragraphs = [re.sub(r"^\d+\. ", "", p) for p in paragraphs if 60 < len(p) < 900 and not p.startswith(("[", "("))]
    return [s for p in paragraphs for s in re.split(r"(?<=[.!?]) +", p) if 25 < len(s) < 250]


def messages(folder):
    held_out = {r["text"] for r in json.loads((folder / "test.json").read_text(encoding="utf-8"))}
    with open(folder / "Spam_SMS.csv", encoding="utf-8-sig", newline="") as f:
        return [r["Message"] for r in csv.DictReader(f) if r["Message"] not in held_out]


def build(data, debian, seed):
    """Distinct texts, shuffled."""
    rng = random.Random(seed)
    share = debian / "usr" / "share"
    glosses, examples, words = wordnet(share / "wordnet")
    parts = {"glosses": rng.sample(glosses, 80_000), "examples": examples, "words": rng.sample(sorted(set(words)), 25_000)}
    parts["fortune paragraphs"], parts["fortune sentences"] = fortunes(share / "games" / "fortunes")
    parts["handbook paragraphs"], parts["handbook sentences"] = handbook(share / "doc" / "debian-handbook" / "html" / "en-US")
    parts["computing dictionary"] = foldoc(share / "dictd" / "foldoc.dict.dz")
    parts["messages"] = messages(data / "eval" / "sms-spam")
    parts["composed"] = composed(rng, 90_000)
    single = parts["examples"] + parts["composed"] + parts["fortune sentences"] + parts["handbook sentences"]
    parts["two in one"] = [f"{rng.choice(single)} {rng.choice(single)}" for _ in range(15_000)]
    for name, texts in parts.items():
        print(f"  {name}: {len(texts):,}, for example {texts[len(texts) // 2][:90]!r}")
    texts = sorted({" ".join(t.split()) for part in parts.values() for t in part} - {""})
    rng.shuffle(texts)
    return texts
