/** An element of a request body: its text, and its child elements in order. */
export interface XmlNode {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlNode[];
}

const MAX_DEPTH = 16;
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
/** A tag, a comment, a processing instruction, or text. */
const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

/**
 * Reads the small documents that S3 clients send (DeleteObjects, CompleteMultipartUpload). Attributes are skipped;
 * document types and CDATA are refused, so there are no entities to expand. Throws an Error that says where it stopped.
 */
export function readXml(source: string): XmlNode {
  const root: MutableNode = { name: "", text: "", children: [] };
  const open: MutableNode[] = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(source);
    if (token === null) throw new Error(`not XML at character ${at}: ${JSON.stringify(source.slice(at, at + 40))}`);
    const [, closing, name, , selfClosing, text] = token;
    const parent = open.at(-1) as MutableNode;
    if (text !== undefined) parent.text += decodeText(text);
    if (name === undefined) continue;
    if (closing === "/") {
      if (parent === root || parent.name !== localName(name))
        throw new Error(`</${name}> closes nothing at character ${at}`);
      open.pop();
      continue;
    }
    const node: MutableNode = { name: localName(name), text: "", children: [] };
    parent.children.push(node);
    if (selfClosing === "/") continue;
    if (open.length > MAX_DEPTH) throw new Error(`more than ${MAX_DEPTH} levels of elements`);
    open.push(node);
  }
  const [top] = root.children;
  if (open.length > 1 || top === undefined || root.children.length > 1) throw new Error("not one complete XML element");
  return top;
}

export const childText = (node: XmlNode, name: string): string | undefined =>
  node.children.find((child) => child.name === name)?.text;

interface MutableNode {
  readonly name: string;
  text: string;
  readonly children: MutableNode[];
}

const localName = (name: string) => name.slice(name.indexOf(":") + 1);

function decodeText(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));/gi, (reference, hex, decimal, named) => {
    if (named !== undefined) {
      const character = NAMED[named];
      if (character === undefined) throw new Error(`unknown entity ${reference}`);
      return character;
    }
    const code = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal);
    if (code > 0x10ffff) throw new Error(`no such character: ${reference}`);
    return String.fromCodePoint(code);
  });
}
