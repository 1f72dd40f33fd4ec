/**
 * A strict reader for the part of XML 1.0 that an SVG of ours uses. It refuses whatever is not well
 * formed (https://www.w3.org/TR/xml/), instead of mending it as browsers do with HTML: a test that
 * parses with it knows that every XML parser accepts the file.
 */

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Character data directly inside this element. */
  readonly text: string;
}

const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function decode(text: string): string {
  if (text.includes('<')) throw new Error('"<" in character data');
  if (text.includes(']]>')) throw new Error('"]]>" in character data');
  return text.replace(/&([^;&]{0,10};)?/g, (reference, body: string | undefined) => {
    const name = body?.slice(0, -1) ?? '';
    if (/^#\d+$/.test(name)) return String.fromCodePoint(Number(name.slice(1)));
    const value = ENTITIES[name];
    if (value === undefined) throw new Error(`bad reference ${reference}`);
    return value;
  });
}

function readAttributes(source: string): Map<string, string> {
  const attributes = new Map<string, string>();
  const pattern = /\s+([A-Za-z_][\w:.-]*)="([^"]*)"/y;
  let end = 0;
  for (let match = pattern.exec(source); match !== null; match = pattern.exec(source)) {
    const [, name = '', value = ''] = match;
    if (attributes.has(name)) throw new Error(`attribute ${name} twice`);
    attributes.set(name, decode(value));
    end = pattern.lastIndex;
  }
  if (source.slice(end).trim() !== '') throw new Error(`bad attributes: ${source.slice(0, 80)}`);
  return attributes;
}

/** @throws Error when `source` is not well formed. */
export function parseXml(source: string): XmlElement {
  const forbidden = FORBIDDEN.exec(source);
  if (forbidden !== null) {
    throw new Error(`U+${forbidden[0].codePointAt(0)?.toString(16)} at ${forbidden.index}`);
  }
  const body = source.replace(/^<\?xml version="1.0" encoding="UTF-8"\?>\s*/, '');
  const top = { name: '', attributes: new Map(), children: [] as XmlElement[], text: '' };
  const open = [top];
  const pattern = /<(\/?)([A-Za-z_][\w:.-]*)([^<>]*?)(\/?)>/g;
  let end = 0;
  for (const match of body.matchAll(pattern)) {
    const [whole, closing, name = '', attributes = '', empty] = match;
    const parent = open.at(-1);
    if (parent === undefined) throw new Error('text after the root');
    parent.text += decode(body.slice(end, match.index));
    end = match.index + whole.length;
    if (closing === '/') {
      if (open.length === 1 || parent.name !== name) throw new Error(`unexpected </${name}>`);
      open.pop();
      continue;
    }
    const element = {
      name,
      attributes: readAttributes(attributes),
      children: [] as XmlElement[],
      text: '',
    };
    parent.children.push(element);
    if (empty !== '/') open.push(element);
  }
  const [root, ...others] = top.children;
  const isWhole = open.length === 1 && `${top.text}${body.slice(end)}`.trim() === '';
  if (root === undefined || others.length > 0 || !isWhole) throw new Error('not one whole element');
  return root;
}

/** All elements below `element` in document order, itself first. */
export function descendants(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap(descendants)];
}

export function byClass(root: XmlElement, name: string): XmlElement[] {
  return descendants(root).filter((element) =>
    element.attributes.get('class')?.split(' ').includes(name),
  );
}
