export type XmlAttributes = Record<string, string | number>;

/** An element with its attributes and already rendered children. Names are the caller's own and not escaped. */
export function element(name: string, attributes: XmlAttributes, children: readonly string[] = []): string {
  const rendered = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  const start = `<${name}${rendered.join('')}`;
  return children.length === 0 ? `${start}/>` : `${start}>${children.join('')}</${name}>`;
}

/**
 * Text for an attribute or an element of XML 1.0. White space is kept by reference, for a parser makes blanks of it in
 * an attribute. What XML 1.0 has no way to write (other control characters, lone surrogates, U+FFFE, U+FFFF) becomes a
 * visible escape such as `\u001b`.
 */
export function escapeXml(text: string): string {
  return text
    .replace(
      /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    .replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
