/** Texts, data, errors and messages of spans as elements. */

import {h} from './dom.js';
import {grouped} from './format.js';
import {markdown} from './markdown.js';

const SHOWN_AT_FIRST = 20_000;
const LONG = 1_500;
const ONE_LINE = 80;

/** A value as text: JSON, on one line where that is short, and a text as it is. */
export function source(value) {
  if (typeof value === 'string') {
    return value;
  }
  const text = JSON.stringify(value, null, 2);
  const line = JSON.stringify(value);
  return line?.length <= ONE_LINE ? line : text;
}

/** A value as text, of which a long one shows its beginning. */
export function valueBlock(value) {
  const text = source(value) ?? '';
  const block = h('pre', {tabindex: '0'}, text.slice(0, SHOWN_AT_FIRST));
  if (text.length <= SHOWN_AT_FIRST) {
    return block;
  }
  const all = h('button', {type: 'button'}, `Show all ${grouped(text.length)} characters`);
  all.addEventListener('click', () => {
    block.textContent = text;
    all.remove();
  });
  return h('div', null, block, all);
}

/** A text of a model as Markdown; a very long one as it is. */
export function textBlock(text) {
  return text.length > SHOWN_AT_FIRST ? valueBlock(text) : markdown(text);
}

/** Why a span failed. */
export function errorBlock(error) {
  const message = typeof error === 'string' ? error : error?.message;
  const stack = error?.exception?.stacktrace ?? error?.stack ?? error?.stacktrace;
  return h(
    'div',
    {class: 'error-block'},
    typeof message === 'string' ? h('p', {class: 'bad'}, message) : valueBlock(error),
    typeof stack === 'string' ? h('details', null, h('summary', null, 'Stack trace'), valueBlock(stack)) : null,
  );
}

/** What was said, one below the other; parts of one speaker stand together. */
export function messageList(parts) {
  const groups = [];
  for (const part of parts) {
    if (groups.at(-1)?.role === part.role) {
      groups.at(-1).parts.push(part);
    } else {
      groups.push({role: part.role, parts: [part]});
    }
  }
  return groups.map(group =>
    h(
      'div',
      {class: 'message', 'data-role': group.role},
      h('div', {class: 'role'}, group.role),
      h('div', {class: 'said'}, group.parts.map(partBlock)),
    ),
  );
}

function partBlock(part) {
  if (part.kind === 'text') {
    const block = textBlock(part.text);
    return part.text.length > LONG && part.role === 'system' ? folded('System prompt', block) : block;
  }
  if (part.kind === 'reasoning') {
    return folded('Reasoning', textBlock(part.text));
  }
  const label = part.kind === 'call' ? 'Calls' : part.kind === 'result' ? 'Result of' : 'Data';
  return h(
    'div',
    {class: `part ${part.kind}`},
    h('div', {class: 'part-head'}, label, part.name === null ? null : [' ', h('strong', null, String(part.name))]),
    part.value === undefined || part.value === null ? null : valueBlock(part.value),
  );
}

function folded(label, block) {
  return h('details', {class: 'folded'}, h('summary', null, label), block);
}
