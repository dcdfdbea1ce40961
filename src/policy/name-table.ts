// What a name of one path component leads to, among many glob components: found by the whole name where the component is literal, else
// by the bytes that a matching name begins and ends with, or by three bytes that are somewhere in it. Only what is found so is tried
// as a regular expression. Knows nothing of paths.

import type { Component } from './glob.ts';

interface Edge<T> {
  /** Is somewhere in every matching name. Asked first: an expression is compiled at its first use, which costs more than a hundred such. */
  readonly inner: string;
  readonly regex: RegExp | null;
  readonly to: T;
}

/** Components whose literal ends have the same two lengths, by those ends. */
interface Shape<T> {
  readonly before: number;
  readonly after: number;
  readonly edges: Map<string, Edge<T>[]>;
}

const GRAM = 3;

export class NameTable<T> {
  #literals: Map<string, T> | null = null;
  #shapes: Shape<T>[] | null = null;
  /** By a run of 3 bytes (the key of the map) that every matching name has in it. */
  #grams: Map<string, Edge<T>[]> | null = null;
  /** What components that are not literal lead to, by their text. */
  #globs: Map<string, T> | null = null;

  /** What `component` leads to, made by `make` at its first use. */
  follow(component: Component, make: () => T): T {
    const table = component.exact ? (this.#literals ??= new Map<string, T>()) : (this.#globs ??= new Map<string, T>());
    const key = component.exact ? component.before : component.text;
    let to = table.get(key);
    if (to === undefined) {
      to = make();
      table.set(key, to);
      if (!component.exact) this.#addEdge(component, to);
    }
    return to;
  }

  /** Calls `found` with what each component that matches `name` leads to; more than once for some. */
  find(name: string, found: (to: T) => void): void {
    const literal = this.#literals?.get(name);
    if (literal !== undefined) found(literal);
    if (this.#shapes !== null) {
      for (const shape of this.#shapes) {
        if (name.length < shape.before + shape.after) continue;
        const edges = shape.edges.get(ends(name, shape.before, shape.after));
        if (edges !== undefined) tryEdges(edges, name, found);
      }
    }
    if (this.#grams !== null) {
      for (let at = 0; at + GRAM <= name.length; at++) {
        const edges = this.#grams.get(name.slice(at, at + GRAM));
        if (edges !== undefined) tryEdges(edges, name, found);
      }
    }
  }

  #addEdge(component: Component, to: T): void {
    const edge = { inner: component.inner, regex: component.regex, to };
    const before = component.before.length;
    const after = component.after.length;
    if (component.regex !== null && component.inner.length >= GRAM && component.inner.length > before + after) {
      this.#addGram(component.inner, edge);
      return;
    }
    this.#shapes ??= [];
    let shape = this.#shapes.find((known) => known.before === before && known.after === after);
    if (shape === undefined) {
      shape = { before, after, edges: new Map() };
      this.#shapes.push(shape);
    }
    append(shape.edges, component.before + component.after, edge);
  }

  /** Under the run that the fewest others are under. */
  #addGram(inner: string, edge: Edge<T>): void {
    this.#grams ??= new Map();
    let best = inner.slice(0, GRAM);
    let fewest = Infinity;
    for (let at = 0; at + GRAM <= inner.length; at++) {
      const gram = inner.slice(at, at + GRAM);
      const others = this.#grams.get(gram)?.length ?? 0;
      if (others < fewest) {
        best = gram;
        fewest = others;
      }
    }
    append(this.#grams, best, edge);
  }
}

function append<T>(table: Map<string, Edge<T>[]>, key: string, edge: Edge<T>): void {
  const edges = table.get(key);
  if (edges === undefined) table.set(key, [edge]);
  else edges.push(edge);
}

function tryEdges<T>(edges: readonly Edge<T>[], name: string, found: (to: T) => void): void {
  for (const { inner, regex, to } of edges) {
    if (regex === null || (name.includes(inner) && regex.test(name))) found(to);
  }
}

/** The first `before` and the last `after` bytes of a name, as one key. */
function ends(name: string, before: number, after: number): string {
  if (before === 0) return after === 0 ? '' : name.slice(name.length - after);
  return after === 0 ? name.slice(0, before) : name.slice(0, before) + name.slice(name.length - after);
}
