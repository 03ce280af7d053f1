/** The spans of a trace as a tree, on a line of time. No element of the page is touched here. */

import {instant, nanosBetween} from './format.js';

const SECOND = 1e9;
const MINUTE = 60 * SECOND;
const RUNNING_REACH = 30 * 24 * 60 * MINUTE;
const NUMBERS = ['inputTokens', 'outputTokens', 'totalTokens', 'cost'];

/**
 * A span in its tree.
 *
 * @typedef {Object} Node
 * @property {Object} span as the API gives it
 * @property {?Node} parent null of a root, and of what only stands as one
 * @property {Node[]} children by start
 * @property {number} depth from 0
 * @property {number} start in nanoseconds after the origin of the trace
 * @property {?number} end likewise; null while the span runs
 * @property {?string} lost why the span does not stand under its parent: `orphan` where that is not stored, `circle`
 *     where the parents of the span form a circle
 * @property {number} size how many spans stand below
 * @property {number} failures how many of them have an error
 * @property {boolean} outlier whether its times lie too far from the root's to be meant
 * @property {boolean} critical whether it is part of the critical path
 */

/**
 * Builds the tree. Iterative throughout: no chain of spans is too deep.
 *
 * @param {Object[]} spans at least one, by start
 */
export function buildTree(spans) {
  const origin = instant(spans[0].startedAt);
  const byId = new Map();
  const nodes = spans.map(span => {
    const ended = instant(span.endedAt);
    const node = {
      span,
      parent: null,
      children: [],
      depth: 0,
      start: nanosBetween(origin, instant(span.startedAt)),
      end: ended === null ? null : nanosBetween(origin, ended),
      lost: null,
      size: 0,
      failures: 0,
      outlier: false,
      critical: false,
    };
    byId.set(span.spanId, node);
    return node;
  });
  const roots = [];
  for (const node of nodes) {
    const parentId = node.span.parentSpanId;
    const parent = parentId === undefined ? undefined : byId.get(parentId);
    if (parent !== undefined && parent !== node) {
      node.parent = parent;
      parent.children.push(node);
    } else {
      node.lost = parentId === undefined || parent === node ? null : 'orphan';
      roots.push(node);
    }
  }
  const order = [];
  const seen = new Set();
  roots.forEach(root => walk(root, order, seen));
  for (const node of nodes) {
    if (!seen.has(node)) {
      // Nothing that has no parent leads here, so the parents form a circle: it is cut where it starts first.
      node.parent.children.splice(node.parent.children.indexOf(node), 1);
      node.parent = null;
      node.lost = 'circle';
      roots.push(node);
      walk(node, order, seen);
    }
  }
  for (let i = order.length - 1; i >= 0; i--) {
    const {parent} = order[i];
    if (parent !== null) {
      parent.size += order[i].size + 1;
      parent.failures += order[i].failures + (order[i].span.status === 'error' ? 1 : 0);
    }
  }
  const line = timeLine(nodes, roots);
  markCriticalPath(roots, line);
  return {origin, nodes: order, roots, byId, line, usage: usage(nodes)};
}

function walk(root, order, seen) {
  const stack = [root];
  while (stack.length > 0) {
    const node = stack.pop();
    if (seen.has(node)) {
      continue;
    }
    seen.add(node);
    node.depth = node.parent === null ? 0 : node.parent.depth + 1;
    order.push(node);
    for (let i = node.children.length - 1; i >= 0; i--) {
      stack.push(node.children[i]);
    }
  }
}

/**
 * From the first start to the last end. The line follows the root, as the command line's does: a span whose clock is
 * years away would leave no other to be seen.
 */
function timeLine(nodes, roots) {
  const root = roots.find(node => node.lost === null);
  let from = -Infinity;
  let to = Infinity;
  if (root !== undefined) {
    const length = root.end === null ? MINUTE : Math.max(MINUTE, Math.abs(root.end - root.start));
    from = root.start - 10 * length;
    to = root.end === null ? root.start + RUNNING_REACH : Math.max(root.start, root.end) + 10 * length;
  }
  let first = Infinity;
  let last = -Infinity;
  let outliers = 0;
  for (const node of nodes) {
    const early = Math.min(node.start, node.end ?? node.start);
    const late = Math.max(node.start, node.end ?? node.start);
    node.outlier = early < from || late > to;
    if (node.outlier) {
      outliers++;
    } else {
      first = Math.min(first, early);
      last = Math.max(last, late);
    }
  }
  return {from: first, to: last, length: Math.max(0, last - first), outliers};
}

/**
 * Marks what a trace's duration hangs on: from the end of the first root backwards, the child that ended last, then
 * from its start what ended last before, and so in each child in turn. A child that goes on when its parent has ended
 * counts up to there. The algorithm is that of Jaeger's critical path.
 */
function markCriticalPath(roots, line) {
  const root = roots.find(node => node.lost === null) ?? roots[0];
  const stack = [[root, root.end ?? line.to]];
  while (stack.length > 0) {
    const [node, until] = stack.pop();
    node.critical = true;
    const end = Math.min(until, node.end ?? line.to);
    const byEnd = node.children
      .filter(child => !child.outlier && child.start >= node.start)
      .sort((a, b) => (b.end ?? line.to) - (a.end ?? line.to) || b.start - a.start);
    let at = end;
    for (const child of byEnd) {
      if (child.start < at && Math.min(child.end ?? line.to, end) <= at) {
        stack.push([child, at]);
        at = child.start;
      }
    }
  }
}

/**
 * The tokens and the cost of spans together. A span's number does not count where a span below it says that number,
 * too: frameworks repeat at an agent's run what its model calls used.
 */
export function usage(nodes) {
  const sums = {};
  for (const column of NUMBERS) {
    const repeating = new Set();
    for (const node of nodes) {
      if (node.span[column] !== undefined && !repeating.has(node)) {
        for (let above = node.parent; above !== null && !repeating.has(above); above = above.parent) {
          repeating.add(above);
        }
      }
    }
    for (const node of nodes) {
      const number = node.span[column];
      if (number !== undefined && !repeating.has(node)) {
        sums[column] = (sums[column] ?? 0) + Number(number);
      }
    }
  }
  return sums;
}

/** The nodes that are to be seen, in order: those below a collapsed one are not. */
export function visible(tree, collapsed) {
  const out = [];
  let skipDeeper = Infinity;
  for (const node of tree.nodes) {
    if (node.depth > skipDeeper) {
      continue;
    }
    skipDeeper = collapsed.has(node) ? node.depth : Infinity;
    out.push(node);
  }
  return out;
}

/** Whether a node has a text in its name, its type, its model, its service or its id. */
export function matches(node, lowerText) {
  const {span} = node;
  return [span.name, span.spanType, span.model, span.serviceName, span.entityName, span.spanId].some(
    value => value !== undefined && value.toLowerCase().includes(lowerText),
  );
}

/**
 * Two trees as one: what stands at the same place of both comes together. Children are the same where their names and
 * types are, the first with the first.
 *
 * @returns {{left: ?Node, right: ?Node, depth: number}[]} in the order of the tree
 */
export function align(left, right) {
  const out = [];
  const stack = pairs(left.roots, right.roots, 0).reverse();
  while (stack.length > 0) {
    const pair = stack.pop();
    out.push(pair);
    stack.push(...pairs(pair.left?.children ?? [], pair.right?.children ?? [], pair.depth + 1).reverse());
  }
  return out;
}

function pairs(left, right, depth) {
  const waiting = new Map();
  for (const node of right) {
    const key = sameness(node);
    const queue = waiting.get(key) ?? {nodes: [], next: 0};
    queue.nodes.push(node);
    waiting.set(key, queue);
  }
  const out = [];
  const taken = new Set();
  for (const node of left) {
    const queue = waiting.get(sameness(node));
    const other = queue === undefined ? null : (queue.nodes[queue.next++] ?? null);
    taken.add(other);
    out.push({left: node, right: other, depth});
  }
  for (const node of right) {
    if (!taken.has(node)) {
      out.push({left: null, right: node, depth});
    }
  }
  return out;
}

function sameness(node) {
  return JSON.stringify([node.span.name, node.span.spanType]);
}
