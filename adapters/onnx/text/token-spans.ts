/**
 * Where tokens stand in the text they came from. The tokenizer library gives tokens without places, so they are found
 * again: the text is normalised piece by piece, each piece remembering where it was, and the tokens are read off against
 * it. Places are in characters as Python counts them (Unicode code points); white space around a token is not part of it.
 */
export interface TokenSpan {
  readonly start: number;
  /** Not part of the token. */
  readonly end: number;
}

export interface SpanRules {
  normalize(text: string): string;
  /** Text → its bytes, one character each, for tokenizers that read bytes (`Ġ` for a space); absent for all others. */
  readonly toByteCharacters?: (text: string) => string;
  /** `##`: what marks a token that goes on in a word; absent where the start of a word is marked instead (`▁`). */
  readonly continuation?: string;
  readonly endOfWord?: string;
  /** Tokens that stand for text that the vocabulary does not have. */
  readonly unknown?: string;
}

interface Unit {
  /** One character of the normalised text. */
  readonly character: string;
  /** Where it came from. */
  readonly start: number;
  readonly end: number;
}

const SPACE = /^[\s\u2581ĠĊĉč]*$/u;
const LEADING_SPACE = /^[\s\u2581ĠĊĉč]+/u;
/** What begins a word wherever it stands, as BERT splits text: punctuation, the signs of ASCII, and Chinese characters. */
const STANDS_ALONE = /[\p{P}$+<=>^`|~\p{Ideographic}]/u;

export function tokenSpans(text: string, tokens: readonly string[], rules: SpanRules): readonly TokenSpan[] {
  const characters = Array.from(text);
  const units = unitsOf(text, rules);
  const spans = new Array<TokenSpan>(tokens.length);
  let cursor = 0;
  let open: number[] = [];

  // Tokens of which nobody knows what they stand for share what is left between their neighbours: a word each, if that fits.
  const settle = (until: number) => {
    if (open.length === 0) return;
    const gap = units.slice(cursor, until);
    const place = (gap[0] ?? units[until])?.start ?? characters.length;
    const shared = { start: place, end: gap.at(-1)?.end ?? place };
    const words = wordsIn(gap, characters);
    for (const [at, index] of open.entries()) {
      spans[index] = words.length === open.length ? (words[at] as TokenSpan) : shared;
    }
    open = [];
  };
  for (const [index, token] of tokens.entries()) {
    const isUnknown = token === rules.unknown;
    const surface = isUnknown ? [] : surfaceOf(token, rules);
    if (surface.length === 0 && !isUnknown) {
      // Only white space, which has no place of its own here.
      const place = units[cursor]?.start ?? characters.length;
      spans[index] = { start: place, end: place };
      continue;
    }
    const at = isUnknown ? -1 : find(units, { surface, from: cursor, ...edgesOf(tokens, index, rules) }, characters);
    if (at === -1) {
      open.push(index);
      continue;
    }
    settle(at);
    cursor = at + surface.length;
    spans[index] = { start: (units[at] as Unit).start, end: (units[cursor - 1] as Unit).end };
  }
  settle(units.length);
  return spans;
}

/** White space is left out: no token's place depends on it. */
function unitsOf(text: string, rules: SpanRules): readonly Unit[] {
  const normalize = rememberedNormalize(rules);
  const units: Unit[] = [];
  let start = 0;
  for (const piece of piecesOf(text, normalize)) {
    const end = start + codePoints(piece);
    for (const character of normalize(piece)) if (!SPACE.test(character)) units.push({ character, start, end });
    start = end;
  }
  return units;
}

function rememberedNormalize({ normalize, toByteCharacters }: SpanRules): (piece: string) => string {
  const known = new Map<string, string>();
  return (piece) => {
    const before = known.get(piece);
    if (before !== undefined) return before;
    const normalized = toByteCharacters ? toByteCharacters(normalize(piece)) : normalize(piece);
    known.set(piece, normalized);
    return normalized;
  };
}

/** What is normalised on its own: a character, or a letter together with its accents where they change each other. */
function piecesOf(text: string, normalize: (piece: string) => string): Iterable<string> {
  if (/^[\u0000-\u007f]*$/.test(text)) return text;
  const letters = new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text);
  return Array.from(letters).flatMap(({ segment }) => {
    const characters = Array.from(segment);
    const isSum = characters.length > 1 && characters.map(normalize).join("") === normalize(segment);
    return isSum ? characters : [segment];
  });
}

const codePoints = (text: string): number => (text.length === 1 ? 1 : Array.from(text).length);

function surfaceOf(token: string, { continuation, endOfWord }: SpanRules): readonly string[] {
  let surface = token.replace(LEADING_SPACE, "");
  if (continuation && surface.startsWith(continuation)) surface = surface.slice(continuation.length);
  if (endOfWord && surface.endsWith(endOfWord)) surface = surface.slice(0, -endOfWord.length);
  return Array.from(surface).filter((character) => !SPACE.test(character));
}

interface Edges {
  /** The token stands where a word begins. */
  readonly first: boolean;
  /** A word ends with the token. */
  readonly last: boolean;
}

function edgesOf(tokens: readonly string[], index: number, { continuation }: SpanRules): Edges {
  if (continuation === undefined) return { first: false, last: false };
  const goesOn = (token: string | undefined) => token?.startsWith(continuation) ?? false;
  return { first: !goesOn(tokens[index]), last: !goesOn(tokens[index + 1]) };
}

interface Search extends Edges {
  readonly surface: readonly string[];
  readonly from: number;
}

function find(units: readonly Unit[], { surface, from, first, last }: Search, characters: readonly string[]): number {
  for (let at = from; at + surface.length <= units.length; at++) {
    if (!surface.every((character, offset) => units[at + offset]?.character === character)) continue;
    const after = units[at + surface.length];
    if (first && !beginsWord(units[at] as Unit, characters)) continue;
    if (last && after !== undefined && !beginsWord(after, characters)) continue;
    return at;
  }
  return -1;
}

function beginsWord({ start }: Unit, characters: readonly string[]): boolean {
  const before = characters[start - 1];
  if (before === undefined || SPACE.test(before) || STANDS_ALONE.test(before)) return true;
  return STANDS_ALONE.test(characters[start] as string) || /\p{C}/u.test(before);
}

function wordsIn(units: readonly Unit[], characters: readonly string[]): readonly TokenSpan[] {
  const words: TokenSpan[] = [];
  for (const unit of units) {
    const last = words.at(-1);
    if (last !== undefined && unit.start <= last.end && !beginsWord(unit, characters)) {
      words[words.length - 1] = { start: last.start, end: unit.end };
    } else words.push({ start: unit.start, end: unit.end });
  }
  return words;
}
