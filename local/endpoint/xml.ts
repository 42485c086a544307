/** What the XML of S3 and of the query protocol needs: elements and text; no attributes but the namespace. */
export type XmlContent = string | number | boolean | XmlElements | readonly XmlContent[] | undefined;

/** Element name → content; a list repeats the element, undefined leaves it out. */
export interface XmlElements {
  readonly [name: string]: XmlContent;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Control characters, which keys may hold, have no literal form in XML: S3 sends numeric references, as this does. */
export function escapeXml(text: string): string {
  return text.replace(
    /[&<>"\u0000-\u001f\u007f\ufffe\uffff]/g,
    (character) => ESCAPES[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  );
}

export function xmlDocument(root: string, content: XmlElements, namespace?: string): string {
  const attribute = namespace === undefined ? "" : ` xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${elements(content)}</${root}>`;
}

function elements(content: XmlElements): string {
  return Object.entries(content)
    .map(([name, value]) => element(name, value))
    .join("");
}

function element(name: string, content: XmlContent): string {
  if (content === undefined) return "";
  if (Array.isArray(content)) return content.map((item: XmlContent) => element(name, item)).join("");
  const inner = typeof content === "object" ? elements(content as XmlElements) : escapeXml(String(content));
  return `<${name}>${inner}</${name}>`;
}
