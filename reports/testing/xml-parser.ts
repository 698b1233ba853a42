/** An XML 1.0 parser for what a document of ours may hold, and strict: anything not well-formed throws. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  /** Its own character data, references resolved. */
  text: string;
}

const notAllowed = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

export function parseXml(document: string): XmlElement {
  if (notAllowed.test(document)) throw new Error('a character that XML 1.0 does not allow');
  const body = document.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  let rest = body;
  while (rest !== '') {
    const parent = open.at(-1) as XmlElement;
    const text = /^[^<]+/.exec(rest)?.[0];
    if (text !== undefined) {
      parent.text += resolve(text);
      rest = rest.slice(text.length);
      continue;
    }
    const tag = /^<(\/?)([A-Za-z][\w.-]*)((?:\s+[A-Za-z][\w.-]*="[^"<]*")*)\s*(\/?)>/.exec(rest);
    if (!tag) throw new Error(`not a tag: ${rest.slice(0, 40)}`);
    const [all, end, name = '', attributes = '', empty] = tag;
    rest = rest.slice(all.length);
    if (end) {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing`);
      continue;
    }
    const element: XmlElement = { name, attributes: attributesOf(attributes), children: [], text: '' };
    parent.children.push(element);
    if (!empty) open.push(element);
  }
  const [only] = root.children;
  if (open.length !== 1 || !only || root.children.length !== 1 || root.text.trim() !== '') {
    throw new Error('not one whole element');
  }
  return only;
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([A-Za-z][\w.-]*)="([^"]*)"/g)) {
    if (Object.hasOwn(attributes, name)) throw new Error(`${name} stands twice`);
    attributes[name] = resolve(value.replace(/[\t\n\r]/g, ' '));
  }
  return attributes;
}

function resolve(text: string): string {
  if (/&(?!#\d+;)/.test(text)) throw new Error(`an ampersand that is no reference: ${text}`);
  return text.replace(/&#(\d+);/g, (_, code: string) => {
    const character = String.fromCodePoint(Number(code));
    if (notAllowed.test(character)) throw new Error(`a reference to what XML 1.0 does not allow: &#${code};`);
    return character;
  });
}
