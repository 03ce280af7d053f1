/** Calls, tokens and cost, by model, day, user and more. */

import * as api from './api.js';
import {fill, h, path} from './dom.js';
import {cost, duration, grouped, secondsOf} from './format.js';
import {choice, field} from './parts.js';

/** What can be grouped by: the word of the API, the member of its answer, a heading, and the filter of traces. */
const BY = [
  ['model', 'model', 'Model', 'model'],
  ['day', 'from', 'Day (UTC)', null],
  ['user_id', 'userId', 'User', 'user'],
  ['service_name', 'serviceName', 'Service', 'service'],
  ['environment', 'environment', 'Environment', 'environment'],
  ['provider', 'provider', 'Provider', null],
  ['name', 'name', 'Span name', 'name'],
  ['session_id', 'sessionId', 'Session', 'session'],
  ['hour', 'from', 'Hour (UTC)', null],
];
const DEFAULT = 'model';
const TOGETHER = ['', 'day', 'model', 'user_id', 'service_name'];
const AGES = [
  ['', 'Any time'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
];
const MEASURES = [
  ['calls', 'Calls', grouped],
  ['errors', 'Errors', grouped],
  ['p95Nanos', 'p95', duration],
  ['inputTokens', 'Tokens in', grouped],
  ['outputTokens', 'Tokens out', grouped],
  ['totalTokens', 'Tokens', grouped],
  ['cost', 'Cost', cost],
];

export function title() {
  return 'Usage';
}

export async function show(main, parameters, context) {
  const by = parameters.get('by') || DEFAULT;
  const and = parameters.get('and') ?? '';
  const since = parameters.get('since') ?? '';
  const service = parameters.get('service') ?? '';
  const seconds = secondsOf(since);
  const startedFrom = seconds === null ? '' : new Date(Date.now() - seconds * 1000).toISOString();
  const wanted = [by, and === by ? '' : and].filter(name => name !== '');
  const columns = wanted.map(name => BY.find(([key]) => key === name)).filter(Boolean);
  const {groups} = await api.usage({by: columns.map(([key]) => key).join(','), 'started-from': startedFrom, service}, context.signal);
  const measures = MEASURES.filter(([name]) => groups.some(group => group[name] !== undefined));
  const weight = ['cost', 'totalTokens', 'inputTokens', 'calls'].find(name => groups.some(group => Number(group[name]) > 0));
  const most = Math.max(...groups.map(group => Number(group[weight] ?? 0)), 1e-12);
  const hasTime = columns.some(([, member]) => member === 'from');
  const ordered = hasTime
    ? groups.toSorted((a, b) => (a.from < b.from ? 1 : a.from > b.from ? -1 : Number(b[weight] ?? 0) - Number(a[weight] ?? 0)))
    : groups.toSorted((a, b) => Number(b[weight] ?? 0) - Number(a[weight] ?? 0));

  const form = h(
    'form',
    {class: 'filters', 'aria-label': 'What is summed up'},
    choice('by', 'By', BY.map(([key, , label]) => [key, label]), by),
    choice('and', 'And by', TOGETHER.map(key => [key, key === '' ? 'Nothing else' : BY.find(([other]) => other === key)[2]]), and),
    choice('since', 'Started', AGES, since),
    field('service', 'Service', {placeholder: 'Any'}, service),
    h('span', {class: 'end'}, h('button', {class: 'primary'}, 'Apply')),
  );
  const apply = () => context.go(path('/usage', Object.fromEntries(new FormData(form))));
  form.addEventListener('submit', event => {
    event.preventDefault();
    apply();
  });
  form.addEventListener('change', event => event.target.matches('select') && apply());

  fill(
    main,
    h('div', {class: 'title'}, h('h1', null, 'Usage')),
    form,
    groups.length === 0
      ? h('div', {class: 'empty'}, h('p', null, 'No span that matches names a model.'))
      : h(
          'div',
          {class: 'scroll-x'},
          h(
            'table',
            {class: 'usage'},
            h('caption', {class: 'visually-hidden'}, 'Usage of models'),
            h(
              'thead',
              null,
              h(
                'tr',
                null,
                columns.map(([, , label]) => h('th', {scope: 'col'}, label)),
                measures.map(([, label]) => h('th', {scope: 'col', class: 'number'}, label)),
                h('th', {scope: 'col', class: 'share'}, `Share of ${MEASURES.find(([name]) => name === weight)?.[1].toLowerCase() ?? 'calls'}`),
              ),
            ),
            h('tbody', null, ordered.map(group => row(group, columns, measures, Number(group[weight] ?? 0) / most, since))),
          ),
        ),
    h('p', {class: 'faint small'}, 'Summed over the spans that name a model. Costs are in the currency of those who wrote them.'),
  );
  return {'/': () => form.querySelector('input').focus(), Escape: () => document.activeElement.blur()};
}

function row(group, columns, measures, share, since) {
  const bar = h('span', null);
  bar.style.inlineSize = share * 100 + '%';
  return h(
    'tr',
    null,
    columns.map(([, member, , filter], i) =>
      h(i === 0 ? 'th' : 'td', i === 0 ? {scope: 'row', class: 'main'} : {class: 'main'}, groupCell(group[member], member, filter, since, columns)),
    ),
    measures.map(([name, , format]) =>
      h(
        'td',
        {class: 'number' + (name === 'errors' && group.errors > 0 ? ' bad' : '')},
        group[name] === undefined || (name === 'errors' && group.errors === 0) ? '–' : format(Number(group[name])),
      ),
    ),
    h('td', {class: 'share', 'aria-hidden': 'true'}, bar),
  );
}

function groupCell(value, member, filter, since, columns) {
  if (value === null || value === undefined) {
    return h('span', {class: 'faint'}, 'not said');
  }
  if (member === 'from') {
    return columns.some(([key]) => key === 'hour') ? value.slice(0, 16).replace('T', ' ') : value.slice(0, 10);
  }
  return filter === null ? value : h('a', {href: path('/', {[filter]: value, since})}, value);
}
