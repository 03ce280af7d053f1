/** A span with all that is stored of it. */

import * as api from './api.js';
import {errorBlock, messageList, source, valueBlock} from './blocks.js';
import {copyButton, fill, h, path} from './dom.js';
import {duration, grouped, instant, nanosBetween, time, words} from './format.js';
import {kindOf, readInput, readOutput} from './messages.js';
import {failure, family, status, usageFacts} from './parts.js';

/** Columns that stand in parts of their own, or that the trace says. */
const ELSEWHERE = new Set(
  ('tenantId traceId spanId parentSpanId name spanType status durationNanos error input output attributes events links ' +
    'metadata resource scope requestContext tags startedAt endedAt isEvent inputTokens outputTokens totalTokens cost').split(' '),
);

let latest = null;

/** Shows a span in a panel. What is light is shown at once, the payloads when they are there. */
export async function spanPanel(panel, traceId, node, tree, context, {close, choose}) {
  latest = node;
  const {span} = node;
  const content = h('div', {class: 'panel-content'}, h('p', {class: 'faint'}, 'Loading …'));
  const self = selfTime(node);
  fill(
    panel,
    h(
      'header',
      null,
      h('div', {class: 'title'}, h('h2', null, span.name === '' ? '(no name)' : span.name), status(span.status)),
      h('button', {type: 'button', class: 'quiet close', onclick: close}, 'Close'),
    ),
    h(
      'p',
      {class: 'facts'},
      h('span', {class: `dot ${family(span.spanType)}`}),
      [
        words(span.spanType),
        span.model,
        node.end === null ? null : duration(node.end - node.start),
        self === null || node.children.length === 0 ? null : `${duration(self)} of its own`,
        ...usageFacts(span),
      ]
        .filter(Boolean)
        .join(' · '),
    ),
    content,
  );
  panel.scrollTop = 0;
  try {
    const whole = await api.span(traceId, span.spanId, context.signal);
    if (latest === node) {
      fill(content, details(whole, node, tree, choose));
    }
  } catch (error) {
    if (!context.signal.aborted && latest === node) {
      fill(content, failure(error, () => spanPanel(panel, traceId, node, tree, context, {close, choose})));
    }
  }
}

/** What is left of a span where its children do not cover it; null while it runs. */
function selfTime(node) {
  if (node.end === null) {
    return null;
  }
  let covered = 0;
  let at = node.start;
  for (const child of node.children) {
    const from = Math.max(child.start, at);
    const to = Math.min(child.end ?? node.end, node.end);
    if (to > from) {
      covered += to - from;
      at = to;
    }
  }
  return Math.max(0, node.end - node.start - covered);
}

function details(span, node, tree, choose) {
  return [
    span.error === undefined ? null : section('Error', errorBlock(span.error), true),
    span.input === undefined ? null : section('Input', payload(span.input, span, readInput), true, span.input),
    span.output === undefined ? null : section('Output', payload(span.output, span, readOutput), true, span.output),
    section('Attributes', table(span.attributes), true, span.attributes),
    eventSection(span),
    linkSection(span),
    section('Metadata', table(span.metadata), false, span.metadata),
    section('Span', columns(span, node, choose), true),
    section('Resource', table(span.resource), false, span.resource),
    section('Scope', table(span.scope), false, span.scope),
    section('Request context', table(span.requestContext), false, span.requestContext),
  ];
}

function section(name, content, isOpen, copied) {
  return content === null
    ? null
    : h(
        'details',
        {class: 'section', open: isOpen},
        h('summary', null, h('h3', null, name)),
        copied === undefined ? null : h('div', {class: 'copy'}, copyButton(() => source(copied), `Copy: ${name}`)),
        content,
      );
}

function payload(value, span, read) {
  if (kindOf(span.spanType) === 'tool') {
    return valueBlock(value);
  }
  const parts = read(value);
  return parts.length === 0 || parts.every(part => part.kind === 'data') ? valueBlock(value) : messageList(parts);
}

/** The members of an object, sorted by name; null where there are none. */
function table(object) {
  if (object === undefined || object === null) {
    return null;
  }
  if (typeof object !== 'object' || Array.isArray(object) || ('rawJSON' in JSON && JSON.isRawJSON(object))) {
    return valueBlock(object);
  }
  const names = Object.keys(object).sort();
  return names.length === 0
    ? null
    : h(
        'dl',
        {class: 'members'},
        names.map(name => [h('dt', null, name), h('dd', null, member(object[name]))]),
      );
}

function member(value) {
  const text = source(value);
  return text.length > 120 || text.includes('\n') ? valueBlock(value) : h('code', null, text);
}

function eventSection(span) {
  const events = Array.isArray(span.events) ? span.events : [];
  if (events.length === 0) {
    return null;
  }
  const start = instant(span.startedAt);
  const items = events.map(event => {
    const when = eventTime(event);
    return h(
      'li',
      null,
      h('div', {class: 'event-head'}, h('strong', null, String(event?.name ?? '')), h('span', {class: 'faint number'}, when === null ? '' : '+' + duration(nanosBetween(start, when)))),
      table(event?.attributes),
    );
  });
  return section(`Events (${events.length})`, h('ol', {class: 'events'}, items), true, span.events);
}

/** OpenTelemetry's nanoseconds since 1970, as text or a number, or an instant; null where it is none. */
function eventTime(event) {
  const nanos = event?.timeUnixNano;
  const text = typeof nanos === 'string' ? nanos : nanos === undefined ? '' : JSON.stringify(nanos);
  if (/^\d{7,20}$/.test(text)) {
    return {millis: Number(text.slice(0, -6)), nanos: Number(text.slice(-6))};
  }
  return instant(event?.timestamp ?? event?.time);
}

function linkSection(span) {
  const links = Array.isArray(span.links) ? span.links : [];
  if (links.length === 0) {
    return null;
  }
  const items = links.map(link =>
    h(
      'li',
      null,
      typeof link?.traceId === 'string'
        ? h('a', {href: path('/trace', {id: link.traceId, span: link.spanId})}, `trace ${link.traceId}, span ${link.spanId ?? ''}`)
        : valueBlock(link),
      table(link?.attributes),
    ),
  );
  return section(`Links (${links.length})`, h('ul', {class: 'events'}, items), true, span.links);
}

function columns(span, node, choose) {
  const rows = [
    ['Span id', [h('code', null, span.spanId), copyButton(span.spanId, 'Copy the id of the span')]],
    ['Parent', parent(span, node, choose)],
    ['Started', time(span.startedAt)],
    ['Ended', span.endedAt === undefined ? 'still runs' : time(span.endedAt)],
    ['Tags', span.tags?.length > 0 ? span.tags.map(tag => h('span', {class: 'badge'}, tag)) : null],
    ...Object.keys(span)
      .filter(name => !ELSEWHERE.has(name))
      .map(name => [label(name), typeof span[name] === 'string' ? span[name] : JSON.stringify(span[name])]),
  ];
  return h(
    'dl',
    {class: 'members'},
    rows.filter(([, value]) => value !== null).map(([name, value]) => [h('dt', null, name), h('dd', null, value)]),
  );
}

function parent(span, node, choose) {
  if (span.parentSpanId === undefined) {
    return null;
  }
  return node.parent === null
    ? [h('code', null, span.parentSpanId), node.lost === 'orphan' ? ' is not stored' : ' (part of a circle)']
    : h('button', {type: 'button', class: 'link', onclick: () => choose(node.parent)}, node.parent.span.name || '(no name)');
}

/** A column's name in camelCase as words. */
function label(name) {
  const text = name.replace(/[A-Z]/g, letter => ' ' + letter.toLowerCase());
  return text[0].toUpperCase() + text.slice(1);
}
