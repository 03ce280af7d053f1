/** An agent's run as what was said and done, in order. */

import * as api from './api.js';
import {errorBlock, messageList, valueBlock} from './blocks.js';
import {fill, h, path} from './dom.js';
import {duration} from './format.js';
import {conversationOf} from './messages.js';
import {failure, status, usageFacts} from './parts.js';

const MAX_DEPTH = 4;

/** The conversation of a trace in an element that fills when it is there. */
export function conversationView(traceId, tree, context, choose) {
  const element = h('section', {class: 'conversation', 'aria-label': 'Conversation'}, h('p', {class: 'faint'}, 'Loading …'));
  const load = async () => {
    try {
      const {spans} = await api.conversation(traceId, context.signal);
      const steps = conversationOf(tree, spans);
      fill(
        element,
        steps.length === 0 ? h('p', {class: 'empty'}, 'Nothing was said in this trace.') : null,
        h('ol', {class: 'steps'}, steps.map(step => stepItem(traceId, step, choose))),
      );
    } catch (error) {
      if (!context.signal.aborted) {
        fill(element, failure(error, load));
      }
    }
  };
  load();
  return element;
}

const KINDS = {run: 'Run', model: 'Model', tool: 'Tool'};

function stepItem(traceId, step, choose) {
  const {node, span} = step;
  const light = node.span;
  const isTool = step.kind === 'tool';
  const name = isTool ? (light.entityName ?? light.name) : light.name;
  const facts = [
    light.model,
    node.end === null ? 'running' : duration(node.end - node.start),
    ...usageFacts(light),
    step.wraps && usageFacts(light).length > 0 ? 'in all' : null,
  ].filter(Boolean);
  const link = h(
    'a',
    {
      href: path('/trace', {id: traceId, span: light.spanId}),
      onclick: event => {
        if (choose !== null && event.button === 0 && !event.metaKey && !event.ctrlKey) {
          event.preventDefault();
          choose(node);
        }
      },
    },
    name === '' ? '(no name)' : name,
  );
  const item = h(
    'li',
    {class: `step ${step.kind}` + (step.ends ? ' ends' : '')},
    h(
      'div',
      {class: 'step-head'},
      h('span', {class: `kind ${step.kind}`}, step.ends ? 'Answer' : KINDS[step.kind]),
      link,
      light.status === 'ok' || step.ends ? null : status(light.status),
      h('span', {class: 'faint facts'}, step.ends ? '' : facts.join(' · ')),
    ),
    isTool
      ? toolBody(span)
      : [messageList([...step.before, ...step.after]), span.error === undefined || step.ends ? null : errorBlock(span.error)],
  );
  item.style.setProperty('--depth', Math.min(step.depth, MAX_DEPTH));
  return item;
}

function toolBody(span) {
  return h(
    'dl',
    {class: 'tool-body'},
    span.input === undefined ? null : [h('dt', null, 'Arguments'), h('dd', null, valueBlock(span.input))],
    span.output === undefined ? null : [h('dt', null, 'Result'), h('dd', null, valueBlock(span.output))],
    span.error === undefined ? null : [h('dt', null, 'Error'), h('dd', null, errorBlock(span.error))],
  );
}
