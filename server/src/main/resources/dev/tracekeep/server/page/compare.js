/** Two traces side by side. */

import * as api from './api.js';
import {fill, h, path} from './dom.js';
import {cost, duration, grouped} from './format.js';
import {family, field, status} from './parts.js';
import {align, buildTree} from './tree.js';
import {VirtualRows} from './virtual.js';

const ROW = 28;
const MAX_INDENT = 16;
const OFFERED = 20;

export function title() {
  return 'Compare';
}

export async function show(main, parameters, context) {
  const ids = [parameters.get('left') ?? '', parameters.get('right') ?? ''].map(id => id.trim());
  const form = h(
    'form',
    {class: 'filters', 'aria-label': 'Traces to compare'},
    field('left', 'Left trace', {class: 'id', required: true}, ids[0]),
    field('right', 'Right trace', {class: 'id', required: true, list: 'others'}, ids[1]),
    h('datalist', {id: 'others'}),
    h('span', {class: 'end'}, h('button', {class: 'primary'}, 'Compare')),
  );
  form.addEventListener('submit', event => {
    event.preventDefault();
    context.go(path('/compare', Object.fromEntries(new FormData(form))));
  });
  const result = h('div', null);
  fill(main, h('div', {class: 'title'}, h('h1', null, 'Compare')), form, result);
  if (ids[0] === '' || ids[1] === '') {
    await offer(ids[0], form, context);
    fill(result, h('p', {class: 'faint'}, 'Choose two traces by their ids. Those with the name of the left one are offered.'));
    form.querySelector(ids[0] === '' ? '[name=left]' : '[name=right]').focus();
    return {};
  }
  const [left, right] = await Promise.all(ids.map(async id => buildTree((await api.trace(id, context.signal)).spans)));
  result.append(facts(ids, left, right), table(ids, left, right));
  return {};
}

async function offer(id, form, context) {
  if (id === '') {
    return;
  }
  const tree = buildTree((await api.trace(id, context.signal)).spans);
  const {traces} = await api.traces({name: tree.nodes[0].span.name, limit: OFFERED}, context.signal);
  fill(
    form.querySelector('datalist'),
    traces.filter(trace => trace.traceId !== id).map(trace => h('option', {value: trace.traceId}, `${trace.name} · ${trace.startedAt}`)),
  );
}

function facts(ids, left, right) {
  const errors = tree => tree.nodes.filter(node => node.span.status === 'error').length;
  const lines = [
    ['Duration', left.line.length, right.line.length, duration],
    ['Spans', left.nodes.length, right.nodes.length, grouped],
    ['Errors', errors(left), errors(right), grouped],
    ['Tokens in', left.usage.inputTokens, right.usage.inputTokens, grouped],
    ['Tokens out', left.usage.outputTokens, right.usage.outputTokens, grouped],
    ['Cost', left.usage.cost, right.usage.cost, cost],
  ].filter(([, a, b]) => a !== undefined || b !== undefined);
  const heading = (tree, id) =>
    h('th', {scope: 'col', class: 'number'}, h('a', {href: path('/trace', {id})}, tree.nodes[0].span.name || '(no name)'), ' ', h('code', {class: 'faint'}, id.slice(0, 8)));
  return h(
    'table',
    {class: 'narrow compare-facts'},
    h('caption', {class: 'visually-hidden'}, 'The two traces'),
    h('thead', null, h('tr', null, h('td', null), heading(left, ids[0]), heading(right, ids[1]), h('th', {scope: 'col', class: 'number'}, 'Change'))),
    h(
      'tbody',
      null,
      lines.map(([label, a, b, format]) =>
        h(
          'tr',
          null,
          h('th', {scope: 'row'}, label),
          h('td', {class: 'number'}, a === undefined ? '–' : format(a)),
          h('td', {class: 'number'}, b === undefined ? '–' : format(b)),
          h('td', {class: 'number'}, a === undefined || b === undefined ? '' : change(a, b, format)),
        ),
      ),
    ),
  );
}

function change(from, to, format) {
  if (from === to) {
    return h('span', {class: 'faint'}, 'same');
  }
  const sign = to > from ? '+' : '\u2212';
  const percent = from === 0 ? '' : ` (${sign}${Math.round((Math.abs(to - from) / from) * 100)} %)`;
  return sign + format(Math.abs(to - from)) + percent;
}

function table(ids, left, right) {
  const rows = align(left, right);
  const box = h('div', {class: 'rows', role: 'table', 'aria-label': 'Spans of both traces', 'aria-rowcount': rows.length, tabindex: '0'});
  const virtual = new VirtualRows(
    box,
    ROW,
    index => {
      const {left: a, right: b, depth} = rows[index];
      const {span} = a ?? b;
      const name = h(
        'div',
        {class: 'cell-name', role: 'rowheader'},
        h('span', {class: `dot ${family(span.spanType)}`}),
        h('span', {class: 'text'}, span.name || '(no name)'),
        a === null ? h('span', {class: 'badge'}, 'right only') : b === null ? h('span', {class: 'badge'}, 'left only') : null,
      );
      name.style.setProperty('--depth', Math.min(depth, MAX_INDENT));
      return h(
        'div',
        {class: 'row compare' + (a === null ? ' added' : b === null ? ' removed' : ''), role: 'row', 'aria-rowindex': index + 1},
        name,
        side(a, ids[0]),
        side(b, ids[1]),
        h('div', {class: 'number', role: 'cell'}, a === null || b === null || a.end === null || b.end === null ? '' : change(a.end - a.start, b.end - b.start, duration)),
      );
    },
    'rowgroup',
  );
  queueMicrotask(() => virtual.reset(rows.length));
  return box;
}

function side(node, id) {
  return h(
    'div',
    {class: 'number', role: 'cell'},
    node === null
      ? h('span', {class: 'faint'}, '–')
      : [
          node.span.status === 'ok' ? null : status(node.span.status),
          ' ',
          h('a', {href: path('/trace', {id, span: node.span.spanId})}, node.end === null ? 'running' : duration(node.end - node.start)),
        ],
  );
}
