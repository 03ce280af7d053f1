/** What more than one view shows. */

import {ApiError} from './api.js';
import {h, path} from './dom.js';
import {compact, cost, duration, instant, nanosBetween, time, toggleRelative} from './format.js';

/** What went wrong, and a way to try again where that can help. */
export function failure(error, again) {
  if (!(error instanceof ApiError)) {
    console.error(error);
  }
  const text = error instanceof ApiError ? error.message : 'This view failed. The console of the browser says why.';
  return h(
    'div',
    {class: 'notice error', role: 'alert'},
    h('p', null, text),
    error.status === 501 || error.status === 404 ? null : h('button', {type: 'button', onclick: again}, 'Try again'),
  );
}

/** The head of a table of traces. */
export function traceColumns() {
  return h(
    'thead',
    null,
    h(
      'tr',
      null,
      h('th', {scope: 'col'}, 'Trace'),
      h('th', {scope: 'col'}, h('button', {type: 'button', class: 'head', onclick: toggleRelative}, 'Started')),
      h('th', {scope: 'col', class: 'number'}, 'Duration'),
      h('th', {scope: 'col', class: 'number'}, 'Spans'),
      h('th', {scope: 'col', class: 'number'}, 'Errors'),
      h('th', {scope: 'col', class: 'number'}, 'Tokens'),
      h('th', {scope: 'col', class: 'number'}, 'Cost'),
      h('th', {scope: 'col'}, 'Status'),
    ),
  );
}

/** A trace as a row of such a table. */
export function traceRow(trace, context) {
  const {statistics} = trace;
  const address = path('/trace', {id: trace.traceId});
  const usage = statistics?.usage ?? {};
  const tokens = usage.totalTokens ?? add(usage.inputTokens, usage.outputTokens);
  const line = h(
    'tr',
    {
      class: 'opens',
      'data-content': JSON.stringify(trace),
      onclick: event => {
        const isText = String(getSelection()) !== '';
        if (event.target.closest('a, button') === null && !isText) {
          context.go(address);
        }
      },
    },
    h(
      'td',
      {class: 'main'},
      h('a', {class: 'name', href: address}, trace.name === '' ? '(no name)' : trace.name),
      trace.hasRoot ? null : h('span', {class: 'badge', title: 'No root of this trace is stored'}, 'no root'),
      h(
        'span',
        {class: 'faint facts'},
        [trace.serviceName, trace.environment, trace.userId && `user ${trace.userId}`].filter(Boolean).join(' · '),
      ),
    ),
    h('td', null, time(trace.startedAt)),
    h('td', {class: 'number'}, duration(lengthOf(trace))),
    h('td', {class: 'number'}, statistics === undefined ? '' : compact(statistics.spans)),
    h(
      'td',
      {class: 'number' + (statistics?.errors > 0 ? ' bad' : '')},
      statistics === undefined ? '' : statistics.errors === 0 ? '–' : compact(statistics.errors),
    ),
    h('td', {class: 'number'}, tokens === undefined ? '–' : compact(tokens)),
    h('td', {class: 'number'}, usage.cost === undefined ? '–' : cost(usage.cost)),
    h('td', null, status(trace.status)),
  );
  return line;
}

function lengthOf(span) {
  return span.endedAt === undefined ? null : nanosBetween(instant(span.startedAt), instant(span.endedAt));
}

function add(a, b) {
  return a === undefined && b === undefined ? undefined : Number(a ?? 0) + Number(b ?? 0);
}

/** How a span stands: a word, and a mark in its colour. */
export function status(name) {
  return h('span', {class: `status ${name}`}, name);
}

export function field(name, label, attributes, value) {
  return h(
    'label',
    null,
    h('span', null, label),
    h('input', {name, value, autocomplete: 'off', spellcheck: 'false', ...attributes}),
  );
}

export function choice(name, label, options, value) {
  return h(
    'label',
    null,
    h('span', null, label),
    h(
      'select',
      {name},
      options.map(([key, text]) => h('option', {value: key, selected: key === value}, text)),
    ),
  );
}

const FAMILIES = [
  [/^model_/, 'model'],
  [/tool_call$/, 'tool'],
  [/^agent_/, 'agent'],
  [/^workflow_/, 'workflow'],
  [/^(rag|memory|graph)_/, 'data'],
];

/** By which colour a type of span is drawn. */
export function family(spanType) {
  return FAMILIES.find(([pattern]) => pattern.test(spanType))?.[1] ?? 'other';
}

/** Tokens and cost in a few words; empty where nothing is known. */
export function usageFacts(usage) {
  const facts = [];
  if (usage.inputTokens !== undefined) {
    facts.push(`${compact(usage.inputTokens)} in`);
  }
  if (usage.outputTokens !== undefined) {
    facts.push(`${compact(usage.outputTokens)} out`);
  }
  if (facts.length === 0 && usage.totalTokens !== undefined) {
    facts.push(`${compact(usage.totalTokens)} tokens`);
  } else if (facts.length > 0) {
    facts[facts.length - 1] += ' tokens';
  }
  if (usage.cost !== undefined) {
    facts.push(`cost ${cost(usage.cost)}`);
  }
  return facts;
}
