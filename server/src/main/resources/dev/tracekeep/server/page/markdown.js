/**
 * What models write, as elements: headings, lists, tables, quotes, code, emphasis and links of Markdown, the part that
 * they use. Elements are built and never parsed, so no text can become markup; no image is fetched, and a link leads to
 * http or https alone. Each pattern looks at a bounded number of characters, so no text takes more than linear time.
 */

import {h} from './dom.js';

const MAX_DEPTH = 6;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]{0,40})[^`]{0,200}$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.{1,1000}?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,100}\s*$/;
const ITEM = /^( {0,40})([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*){0,100}\|?\s*$/;

/** The blocks of a text in an element of class `markdown`. */
export function markdown(text) {
  return h('div', {class: 'markdown'}, blocks(text.split(/\r\n|\r|\n/), 0));
}

function blocks(lines, depth) {
  const out = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    const fence = FENCE.exec(line);
    const heading = HEADING.exec(line);
    if (line.trim() === '') {
      i++;
    } else if (fence !== null) {
      let end = i + 1;
      while (end < lines.length && !closes(lines[end], fence[1])) {
        end++;
      }
      const code = lines.slice(i + 1, end).join('\n');
      out.push(h('pre', {tabindex: '0'}, h('code', null, code)));
      i = end + 1;
    } else if (heading !== null) {
      // No heading of the page: what a model wrote is no part of its outline.
      out.push(h('p', {class: 'heading'}, inline(heading[2], 0)));
      i++;
    } else if (RULE.test(line)) {
      out.push(h('hr', null));
      i++;
    } else if (QUOTE.test(line) && depth < MAX_DEPTH) {
      const quoted = [];
      while (i < lines.length && QUOTE.test(lines[i])) {
        quoted.push(QUOTE.exec(lines[i++])[1]);
      }
      out.push(h('blockquote', null, blocks(quoted, depth + 1)));
    } else if (ITEM.test(line) && depth < MAX_DEPTH) {
      i = list(lines, i, depth, out);
    } else if (line.includes('|') && i + 1 < lines.length && DIVIDER.test(lines[i + 1])) {
      i = table(lines, i, out);
    } else {
      const paragraph = [line];
      i++;
      while (i < lines.length && isPlain(lines[i], depth)) {
        paragraph.push(lines[i++]);
      }
      out.push(h('p', null, inline(paragraph.join('\n'), 0)));
    }
  }
  return out;
}

function closes(line, fence) {
  const text = line.trim();
  return text.length >= fence.length && text === fence[0].repeat(text.length);
}

function isPlain(line, depth) {
  return (
    line.trim() !== '' &&
    !FENCE.test(line) &&
    !HEADING.test(line) &&
    !RULE.test(line) &&
    !(depth < MAX_DEPTH && (QUOTE.test(line) || ITEM.test(line)))
  );
}

/** A list from line i on; gives the line behind it. */
function list(lines, i, depth, out) {
  const first = ITEM.exec(lines[i]);
  const indent = first[1].length;
  const isOrdered = /\d/.test(first[2]);
  const element = h(isOrdered ? 'ol' : 'ul', isOrdered ? {start: parseInt(first[2], 10)} : null);
  while (i < lines.length) {
    const item = ITEM.exec(lines[i]);
    if (item === null || item[1].length !== indent || /\d/.test(item[2]) !== isOrdered) {
      break;
    }
    const body = [item[3]];
    i++;
    while (i < lines.length && belongs(lines, i, indent)) {
      body.push(lines[i].slice(Math.min(leading(lines[i]), indent + 2)));
      i++;
    }
    while (i < lines.length && lines[i].trim() === '' && ITEM.test(lines[i + 1] ?? '')) {
      i++;
    }
    const content = blocks(body, depth + 1);
    const isShort = content.length > 0 && content[0].tagName === 'P';
    element.append(h('li', null, isShort ? [...content[0].childNodes] : null, isShort ? content.slice(1) : content));
  }
  out.push(element);
  return i;
}

/** Whether a line is part of the item above it: indented further, or an empty one before such a line. */
function belongs(lines, i, indent) {
  if (lines[i].trim() === '') {
    return (lines[i + 1] ?? '').trim() !== '' && leading(lines[i + 1]) > indent;
  }
  return leading(lines[i]) > indent;
}

function leading(line) {
  return line.length - line.trimStart().length;
}

function table(lines, i, out) {
  const head = cells(lines[i]);
  i += 2;
  const rows = [];
  while (i < lines.length && lines[i].includes('|') && lines[i].trim() !== '') {
    rows.push(cells(lines[i++]));
  }
  out.push(
    h(
      'div',
      {class: 'scroll-x', tabindex: '0'},
      h(
        'table',
        null,
        h('thead', null, h('tr', null, head.map(cell => h('th', {scope: 'col'}, inline(cell, 0))))),
        h('tbody', null, rows.map(row => h('tr', null, row.map(cell => h('td', null, inline(cell, 0)))))),
      ),
    ),
  );
  return i;
}

function cells(line) {
  return line
    .trim()
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split('|')
    .slice(0, 100)
    .map(cell => cell.trim());
}

const INLINE = new RegExp(
  [
    '(?<code>`{1,3})(?<codeText>[^`]{1,2000})\\k<code>',
    '!?\\[(?<label>[^\\[\\]\\n]{0,300})\\]\\((?<target>[^()\\s]{1,2000})(?:\\s"[^"\\n]{0,200}")?\\)',
    '\\*\\*(?<strong>[^*\\n]{1,2000})\\*\\*',
    '(?<![\\w*])\\*(?<em>[^*\\s][^*\\n]{0,2000})\\*',
    '(?<![\\w_])_(?<under>[^_\\s][^_\\n]{0,2000})_(?!\\w)',
    '(?<url>https?:\\/\\/[^\\s<>()"\'`\\]]{1,2000})',
  ].join('|'),
  'gu',
);

function inline(text, depth) {
  if (depth > 3) {
    return [text];
  }
  const out = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    const {codeText, label, target, strong, em, under, url} = match.groups;
    out.push(text.slice(last, match.index));
    last = match.index + match[0].length;
    if (codeText !== undefined) {
      out.push(h('code', null, codeText));
    } else if (target !== undefined) {
      out.push(link(target, label === '' ? [target] : inline(label, depth + 1), match[0]));
    } else if (strong !== undefined) {
      out.push(h('strong', null, inline(strong, depth + 1)));
    } else if (url !== undefined) {
      const plain = url.replace(/[.,;:!?*_]{1,20}$/, '');
      out.push(link(plain, [plain], plain), url.slice(plain.length));
    } else {
      out.push(h('em', null, inline(em ?? under, depth + 1)));
    }
  }
  out.push(text.slice(last));
  return out.filter(part => part !== '');
}

/** A link to a page of the web, or the text as it was written where it leads elsewhere. */
function link(target, label, written) {
  let url;
  try {
    url = new URL(target);
  } catch {
    return written;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return written;
  }
  return h('a', {href: url.href, rel: 'noopener noreferrer nofollow', target: '_blank', title: url.href}, label);
}
