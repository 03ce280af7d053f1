/**
 * Reads inputs and outputs of model calls as messages, and the spans of a trace as one conversation. Frameworks write
 * them in many shapes: lists with roles and `content` or `parts` (OpenAI, Anthropic, the Vercel AI SDK, OpenTelemetry's
 * GenAI conventions), objects around such lists, or plain text. What has none of these shapes stays data and is shown as
 * it is. No element of the page is touched here.
 */

/**
 * A part of what was said.
 *
 * @typedef {Object} Part
 * @property {string} role system, user, assistant, tool, or what the writer said
 * @property {'text'|'reasoning'|'call'|'result'|'data'} kind
 * @property {?string} text of text and reasoning
 * @property {?string} name of calls and results: the tool
 * @property {?string} id of calls and results
 * @property {*} value of calls the arguments, of results the result, of data what it is
 */

import {parseExactly} from './api.js';

const MODELS = new Set(['model_generation', 'model_step', 'model_inference']);
const TOOLS = new Set(['tool_call', 'mcp_tool_call', 'client_tool_call', 'provider_tool_call']);

/** `model`, `tool` or `run`: what a span is in a conversation. */
export function kindOf(spanType) {
  return MODELS.has(spanType) ? 'model' : TOOLS.has(spanType) ? 'tool' : 'run';
}

/** Whether a trace has something to be said as a conversation. */
export function hasConversation(spans) {
  return spans.some(span => kindOf(span.spanType) !== 'run' || span.spanType === 'agent_run');
}

/** What went into a model call. */
export function readInput(value) {
  return read(parsed(value), 'user');
}

/** What came out of one. */
export function readOutput(value) {
  return read(parsed(value), 'assistant');
}

/** JSON that was written as text is read as what it says. */
export function parsed(value) {
  if (typeof value === 'string' && /^\s*[[{]/.test(value)) {
    try {
      return parseExactly(value);
    } catch {
      return value;
    }
  }
  return value;
}

function read(value, role) {
  if (value === null || value === undefined || value === '') {
    return [];
  }
  if (typeof value === 'string') {
    return [text(role, value)];
  }
  if (Array.isArray(value)) {
    return value.flatMap(item =>
      typeof item === 'string' ? text(role, item) : isMessage(item) ? message(item, role) : part(item, role),
    );
  }
  if (typeof value !== 'object') {
    return [text(role, JSON.stringify(value))];
  }
  const system = first(value, 'systemInstructions', 'system', 'instructions');
  const before = system === undefined ? [] : read(parsed(system), 'system');
  for (const name of ['messages', 'prompt', 'input', 'choices']) {
    const inner = parsed(value[name]);
    if (typeof inner === 'string' || Array.isArray(inner)) {
      return [...before, ...read(inner, role)];
    }
  }
  if (isMessage(value)) {
    return [...before, ...message(value, role)];
  }
  const parts = [];
  const reasoning = first(value, 'reasoning', 'reasoningText', 'thinking');
  if (typeof reasoning === 'string' && reasoning !== '') {
    parts.push({...text(role, reasoning), kind: 'reasoning'});
  }
  if (typeof value.text === 'string' && value.text !== '') {
    parts.push(text(role, value.text));
  }
  const calls = parsed(first(value, 'toolCalls', 'tool_calls'));
  if (Array.isArray(calls)) {
    parts.push(...calls.map(item => call(item, role)));
  }
  return [...before, ...(parts.length > 0 ? parts : [part(value, role)])];
}

function isMessage(value) {
  return (
    value !== null &&
    typeof value === 'object' &&
    (typeof value.role === 'string' || (value.message !== null && typeof value.message === 'object'))
  );
}

function message(value, fallbackRole) {
  if (typeof value.role !== 'string') {
    return message({...value.message, role: value.message.role ?? fallbackRole}, fallbackRole);
  }
  const role = roleOf(value.role);
  const content = value.parts ?? value.content;
  const parts = [];
  if (role === 'tool' && (typeof content === 'string' || value.tool_call_id !== undefined)) {
    parts.push(result(value, role));
  } else if (typeof content === 'string') {
    parts.push(...(content === '' ? [] : [text(role, content)]));
  } else if (Array.isArray(content)) {
    parts.push(...content.map(item => (typeof item === 'string' ? text(role, item) : part(item, role))));
  } else if (content !== null && content !== undefined) {
    parts.push(part(content, role));
  }
  const calls = parsed(first(value, 'tool_calls', 'toolCalls'));
  if (Array.isArray(calls)) {
    parts.push(...calls.map(item => call(item, role)));
  }
  return parts;
}

function roleOf(name) {
  const lower = name.toLowerCase();
  return (
    {human: 'user', ai: 'assistant', model: 'assistant', bot: 'assistant', developer: 'system', function: 'tool'}[lower] ??
    lower
  );
}

function part(value, role) {
  if (value === null || typeof value !== 'object') {
    return text(role, JSON.stringify(value));
  }
  const type = String(value.type ?? '').replaceAll('-', '_');
  const words = first(value, 'text', 'content', 'thinking');
  if (['reasoning', 'thinking'].includes(type) && typeof words === 'string') {
    return {...text(role, words), kind: 'reasoning'};
  }
  if (['tool_call', 'tool_use', 'function_call', 'function', 'server_tool_call'].includes(type)) {
    return call(value, role);
  }
  if (['tool_result', 'tool_call_response', 'function_call_output'].includes(type)) {
    return result(value, role);
  }
  if (['text', 'input_text', 'output_text', ''].includes(type) && typeof words === 'string') {
    return text(role, words);
  }
  return {role, kind: 'data', text: null, name: type === '' ? null : type, id: null, value};
}

function call(value, role) {
  if (value === null || typeof value !== 'object') {
    return {role, kind: 'data', text: null, name: null, id: null, value};
  }
  const inner = value.function ?? value;
  return {
    role,
    kind: 'call',
    text: null,
    name: first(inner, 'toolName', 'name') ?? null,
    id: first(value, 'toolCallId', 'tool_call_id', 'call_id', 'id') ?? null,
    value: parsed(first(inner, 'input', 'args', 'arguments')),
  };
}

function result(value, role) {
  const given = parsed(first(value, 'output', 'result', 'response', 'content', 'value'));
  const isWrapped =
    given !== null && typeof given === 'object' && /^(text|json|error-text|error-json|content)$/.test(given.type ?? '');
  return {
    role: role === 'user' ? 'tool' : role,
    kind: 'result',
    text: null,
    name: first(value, 'toolName', 'name') ?? null,
    id: first(value, 'toolCallId', 'tool_call_id', 'tool_use_id', 'call_id', 'id') ?? null,
    value: isWrapped ? given.value : given,
  };
}

function text(role, words) {
  return {role, kind: 'text', text: words, name: null, id: null, value: null};
}

function first(object, ...names) {
  for (const name of names) {
    if (object[name] !== undefined && object[name] !== null) {
      return object[name];
    }
  }
  return undefined;
}

/**
 * A step of a conversation.
 *
 * @typedef {Object} Step
 * @property {'run'|'model'|'tool'} kind
 * @property {Object} node the span's node in the tree of its trace
 * @property {Object} span whole
 * @property {number} depth how many runs, wrapping calls and tools it is within
 * @property {boolean} wraps whether model calls stand below it, so that its numbers repeat theirs
 * @property {Part[]} before what went in and had not been said
 * @property {Part[]} after what came out
 */

/**
 * The steps of a trace in order. A model call brings the whole conversation so far: what was said before is left out,
 * so that each message stands once, where it came up. What a wrapping span says at its end and its last call has said
 * is left out likewise; what is new stands in a step of its own behind the others.
 *
 * @param {Object} tree of the trace's light spans
 * @param {Object[]} spans whole, those that are part of the conversation
 * @returns {Step[]}
 */
export function conversationOf(tree, spans) {
  const whole = new Map(spans.map(span => [span.spanId, span]));
  const nodes = tree.nodes.filter(node => whole.has(node.span.spanId));
  const wraps = new Set();
  for (const node of nodes) {
    if (kindOf(node.span.spanType) === 'model') {
      for (let above = node.parent; above !== null && !wraps.has(above); above = above.parent) {
        wraps.add(above);
      }
    }
  }
  const steps = [];
  const said = new Transcript();
  const open = [];
  const close = until => {
    while (open.length > 0 && (until === null || !isBelow(until, open.at(-1).node))) {
      const step = open.pop();
      const rest = step.wraps ? said.unsaid(readOutput(step.span.output)) : [];
      if (rest.length > 0) {
        steps.push({...step, before: [], after: rest, ends: true});
      }
    }
  };
  for (const node of nodes) {
    close(node);
    const span = whole.get(node.span.spanId);
    const step = {
      kind: kindOf(span.spanType),
      node,
      span,
      depth: open.length,
      wraps: wraps.has(node),
      ends: false,
      before: [],
      after: [],
    };
    if (step.kind === 'tool') {
      said.tool(span);
    } else {
      step.before = said.unsaid(readInput(span.input));
      if (!step.wraps) {
        step.after = readOutput(span.output);
        said.add(step.after);
      }
    }
    steps.push(step);
    open.push(step);
  }
  close(null);
  return steps;
}

function isBelow(node, above) {
  for (let at = node.parent; at !== null; at = at.parent) {
    if (at === above) {
      return true;
    }
  }
  return false;
}

/** What was said so far. */
class Transcript {
  #keys = [];
  #tools = [];

  add(parts) {
    parts.forEach(one => this.#keys.push(keyOf(one)));
  }

  /** A span of a tool shows its result itself. */
  tool(span) {
    this.#tools.push(span.entityName ?? span.name);
  }

  /**
   * The parts that were not said, which now are. A message counts as said only behind the one that was found before it:
   * a user who says "yes" twice has said it twice.
   */
  unsaid(parts) {
    let at = 0;
    const out = [];
    for (const one of parts) {
      const key = keyOf(one);
      const found = this.#keys.indexOf(key, at);
      if (found >= 0) {
        at = found + 1;
        continue;
      }
      if (!(one.kind === 'result' && this.#tools.shift() !== undefined)) {
        out.push(one);
      }
      this.#keys.push(key);
      at = this.#keys.length;
    }
    return out;
  }
}

function keyOf(one) {
  return one.id !== null && one.kind !== 'data'
    ? JSON.stringify([one.kind, one.id])
    : JSON.stringify([one.kind, one.role, one.text?.trim(), one.name, one.value]);
}
