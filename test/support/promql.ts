import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** One series of a scrape. Its labels hold its name, as `__name__`. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The output of the exporter at one time. */
export interface Scrape {
  readonly atMs: number;
  readonly samples: readonly Sample[];
}

/** A series that a query reads, and the labels by which an outer expression groups it. */
interface Selector {
  readonly matchers: readonly Matcher[];
  readonly groupedBy: readonly string[];
}

interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** Reads the output of an exporter for Prometheus. */
export function scrapeOf(text: string, atMs: number): Scrape {
  const samples = text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text_]) => [
      label,
      text_,
    ]);
    return [{ labels: { ...(Object.fromEntries(pairs) as object), __name__: name }, value: Number(value) }];
  });
  return { atMs, samples };
}

/** One expression, as Prometheus itself reads it. @throws Error where it cannot be read */
export class PromQuery {
  readonly #text: string;
  readonly #root: SyntaxNode;

  /** @param text the query, which may hold variables of Grafana */
  constructor(text: string) {
    this.#text = text.replaceAll('$__rate_interval', '5m');
    const { topNode } = parser.parse(this.#text);
    topNode.cursor().iterate((node) => {
      if (node.type.isError) throw new Error(`cannot be read at ${node.from}: ${text}`);
    });
    const root = topNode.firstChild;
    if (root === null) throw new Error('is empty');
    this.#root = root;
  }

  get selectors(): Selector[] {
    return this.#all('VectorSelector').map((node) => ({
      matchers: this.#matchersOf(node),
      groupedBy: this.#groupingsOver(node),
    }));
  }

  /** The result at the time of the last scrape. It supports only the functions and operators that this repository's rules use. */
  answer(scrapes: readonly Scrape[]): Sample[] {
    const value = this.#value(this.#root, scrapes, scrapes.at(-1)?.atMs ?? 0);
    return typeof value === 'number' ? [{ labels: {}, value }] : value;
  }

  #value(node: SyntaxNode, scrapes: readonly Scrape[], atMs: number): number | Sample[] {
    const of = (child: SyntaxNode) => this.#value(child, scrapes, atMs);
    const children = childrenOf(node);
    switch (node.name) {
      case 'NumberDurationLiteral':
        return Number(this.#of(node));
      case 'ParenExpr':
        return of(children[0] as SyntaxNode);
      case 'VectorSelector': {
        const matchers = this.#matchersOf(node);
        return (
          scrapes.findLast((each) => each.atMs <= atMs)?.samples.filter((each) => fits(each, matchers)) ?? []
        );
      }
      case 'FunctionCall': {
        const [identifier, body] = children as [SyntaxNode, SyntaxNode];
        const [first, second] = childrenOf(body) as [SyntaxNode, SyntaxNode];
        const name = this.#of(identifier);
        if (name === 'vector') return [{ labels: {}, value: of(first) as number }];
        if (name === 'increase' || name === 'rate')
          return this.#growth(first, scrapes, atMs, name === 'rate');
        if (name === 'histogram_quantile') return quantiles(of(first) as number, of(second) as Sample[]);
        throw new Error(`knows no ${name}()`);
      }
      case 'AggregateExpr': {
        const by = this.#labelsIn(node.getChild('AggregateModifier'));
        const inner = childrenOf(node.getChild('FunctionCallBody') as SyntaxNode)[0] as SyntaxNode;
        return aggregated(this.#of(node.getChild('AggregateOp') as SyntaxNode), by, of(inner) as Sample[]);
      }
      case 'BinaryExpr': {
        const left = of(children[0] as SyntaxNode);
        const right = of(children.at(-1) as SyntaxNode);
        return combined(this.#of(children[1] as SyntaxNode), left, right);
      }
      default:
        throw new Error(`knows no ${node.name}`);
    }
  }

  /** The growth of each counter as Prometheus sees it: a series whose first value is 1 has not grown. */
  #growth(node: SyntaxNode, scrapes: readonly Scrape[], nowMs: number, isRate: boolean): Sample[] {
    const isOffset = node.name === 'OffsetExpr';
    const matrix = isOffset ? (node.getChild('MatrixSelector') as SyntaxNode) : node;
    const durationMs = durationOf(this.#of(matrix.getChild('DurationExpr') as SyntaxNode));
    const offset = isOffset ? node.getChild('OffsetDurationExpr') : null;
    const atMs = nowMs - (offset === null ? 0 : durationOf(this.#of(offset)));
    const matchers = this.#matchersOf(matrix.getChild('VectorSelector') as SyntaxNode);
    const points = new Map<string, { labels: Sample['labels']; values: number[] }>();
    for (const scrape of scrapes.filter((each) => each.atMs > atMs - durationMs && each.atMs <= atMs))
      for (const { labels, value } of scrape.samples.filter((each) => fits(each, matchers))) {
        const known = points.get(JSON.stringify(labels)) ?? { labels, values: [] };
        points.set(JSON.stringify(labels), known);
        known.values.push(value);
      }
    return [...points.values()]
      .filter(({ values }) => values.length > 1)
      .map(({ labels: { __name__: _name, ...labels }, values }) => {
        const grown = (values.at(-1) as number) - (values[0] as number);
        return { labels, value: isRate ? grown / (durationMs / 1_000) : grown };
      });
  }

  #matchersOf(selector: SyntaxNode): Matcher[] {
    const name = selector.getChild('Identifier');
    const named = name === null ? [] : [{ label: '__name__', operator: '=', value: this.#of(name) }];
    const list = selector.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
    const others = list.map((each) => {
      const [label, operator, value] = childrenOf(each).map((part) => this.#of(part)) as [
        string,
        string,
        string,
      ];
      return { label, operator, value: value.slice(1, -1) };
    });
    return [...named, ...others];
  }

  #groupingsOver(node: SyntaxNode): string[] {
    const found: string[] = [];
    for (let over = node.parent; over !== null; over = over.parent)
      if (over.name === 'AggregateExpr') found.push(...this.#labelsIn(over.getChild('AggregateModifier')));
    return found;
  }

  #labelsIn(modifier: SyntaxNode | null): string[] {
    return (
      modifier
        ?.getChild('GroupingLabels')
        ?.getChildren('LabelName')
        .map((each) => this.#of(each)) ?? []
    );
  }

  #all(name: string): SyntaxNode[] {
    const found: SyntaxNode[] = [];
    this.#root.cursor().iterate((each) => void (each.name === name && found.push(each.node)));
    return found;
  }

  #of({ from, to }: SyntaxNode): string {
    return this.#text.slice(from, to);
  }
}

const expressions = new Map<string, RegExp>();

function expressionOf(text: string): RegExp {
  const known = expressions.get(text) ?? new RegExp(`^(?:${text})$`);
  expressions.set(text, known);
  return known;
}

export function fits({ labels }: Pick<Sample, 'labels'>, matchers: readonly Matcher[]): boolean {
  return matchers.every(({ label, operator, value }) => {
    const has = labels[label] ?? '';
    const isMatch = operator.endsWith('~') ? expressionOf(value).test(has) : has === value;
    return operator.startsWith('!') ? !isMatch : isMatch;
  });
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}

function durationOf(text: string): number {
  const [, figure = 'NaN', unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return Number(figure) * ({ s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? Number.NaN);
}

function aggregated(operator: string, by: readonly string[], samples: readonly Sample[]): Sample[] {
  const groups = new Map<string, { labels: Record<string, string>; values: number[] }>();
  for (const { labels, value } of samples) {
    const kept = Object.fromEntries(
      by.flatMap((label) => (labels[label] === undefined ? [] : [[label, labels[label]]])),
    );
    const group = groups.get(JSON.stringify(kept)) ?? { labels: kept, values: [] };
    groups.set(JSON.stringify(kept), group);
    group.values.push(value);
  }
  const OPERATIONS: Record<string, (values: number[]) => number> = {
    sum: (values) => values.reduce((total, each) => total + each, 0),
    min: (values) => Math.min(...values),
    max: (values) => Math.max(...values),
    count: (values) => values.length,
  };
  const operate = OPERATIONS[operator];
  if (operate === undefined) throw new Error(`knows no ${operator}`);
  return [...groups.values()].map(({ labels, values }) => ({ labels, value: operate(values) }));
}

function quantiles(quantile: number, buckets: readonly Sample[]): Sample[] {
  const groups = new Map<string, { labels: Record<string, string>; buckets: [number, number][] }>();
  for (const { labels, value } of buckets) {
    const { le = '', ...others } = labels;
    const group = groups.get(JSON.stringify(others)) ?? { labels: others, buckets: [] };
    groups.set(JSON.stringify(others), group);
    group.buckets.push([le === '+Inf' ? Infinity : Number(le), value]);
  }
  return [...groups.values()].flatMap(({ labels, buckets: list }) => {
    const sorted = list.toSorted(([a], [b]) => a - b);
    const wanted = quantile * (sorted.at(-1)?.[1] ?? 0);
    const bound = wanted === 0 ? undefined : sorted.find(([, count]) => count >= wanted)?.[0];
    return bound === undefined ? [] : [{ labels, value: bound }];
  });
}

type Value = number | Sample[];

const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};
const COMPARISONS: Record<string, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

/** Two series match when their labels are the same, except for their names. */
function combined(operator: string, left: Value, right: Value): Value {
  const keyOf = ({ labels: { __name__: _name, ...labels } }: Sample) =>
    JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  if (operator === 'and' || operator === 'unless' || operator === 'or') {
    const [a, b] = [left as Sample[], right as Sample[]];
    const [inA, inB] = [a, b].map((each) => new Set(each.map(keyOf))) as [Set<string>, Set<string>];
    if (operator === 'or') return [...a, ...b.filter((each) => !inA.has(keyOf(each)))];
    return a.filter((each) => inB.has(keyOf(each)) === (operator === 'and'));
  }
  const calculate = ARITHMETIC[operator];
  const compare = COMPARISONS[operator];
  const one = (a: number, b: number) => calculate?.(a, b) ?? (compare?.(a, b) === true ? a : undefined);
  if (typeof left === 'number' && typeof right === 'number') return one(left, right) as number;
  const samples = typeof left === 'number' ? (right as Sample[]) : left;
  const others = new Map(typeof right === 'number' ? [] : right.map((each) => [keyOf(each), each.value]));
  return samples.flatMap((each) => {
    const a = typeof left === 'number' ? left : each.value;
    const b =
      typeof right === 'number' ? right : typeof left === 'number' ? each.value : others.get(keyOf(each));
    const value = b === undefined ? undefined : one(a, b);
    return value === undefined ? [] : [{ labels: each.labels, value }];
  });
}
