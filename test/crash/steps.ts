// The steps of a worker, and the names that they make: which name is what after each. Pure; a worker chooses its steps by it, and the judge of a
// crash repeats them.

/** One change, by one system call where it can be. Paths are relative to the worker's own directory. */
export type Step =
  /** A new file with one block; `synced`: and fsync before it is closed. */
  | { readonly kind: 'create'; readonly path: string; readonly id: string; readonly synced: boolean }
  /** One more block. */
  | { readonly kind: 'append'; readonly path: string; readonly synced: boolean }
  | { readonly kind: 'rename' | 'exchange' | 'link'; readonly from: string; readonly path: string }
  | { readonly kind: 'unlink' | 'mkdir' | 'rmdir' | 'read'; readonly path: string }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  /** fsync of these directories; with each the one above it, up to the worker's own. */
  | { readonly kind: 'sync'; readonly path: string; readonly dirs: readonly string[] };

/** What a name is. */
export type Value =
  | { readonly kind: 'dir' }
  | { readonly kind: 'symlink'; readonly target: string }
  /** `id` of content.ts; names with the same are links of one file. */
  | { readonly kind: 'file'; readonly id: string };

/** null: nothing. */
export type Names = Map<string, Value>;

export function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

export function isBelow(path: string, dir: string): boolean {
  return path.startsWith(`${dir}/`);
}

/** The directories on the way to `dir`, itself and the worker's own included. */
export function chain(dir: string): string[] {
  return dir === '' ? [''] : [dir, ...chain(parentOf(dir))];
}

/** Does a step to the names: those that are now something else. */
export function apply(names: Names, step: Step): string[] {
  switch (step.kind) {
    case 'create':
      names.set(step.path, { kind: 'file', id: step.id });
      return [step.path];
    case 'symlink':
      names.set(step.path, { kind: 'symlink', target: step.target });
      return [step.path];
    case 'mkdir':
      names.set(step.path, { kind: 'dir' });
      return [step.path];
    case 'unlink':
    case 'rmdir':
      names.delete(step.path);
      return [step.path];
    case 'link':
      names.set(step.path, names.get(step.from)!);
      return [step.path];
    case 'rename':
      return move(names, [[step.from, step.path]]);
    case 'exchange':
      return move(names, [
        [step.from, step.path],
        [step.path, step.from],
      ]);
    case 'append':
    case 'read':
    case 'sync':
      return [];
  }
}

/** Whole trees change their names, all at once. */
function move(names: Names, ways: readonly (readonly [string, string])[]): string[] {
  const moved: [string, Value][] = [];
  const changed = new Set<string>();
  for (const [from, to] of ways)
    for (const [path, value] of names) {
      if (path !== from && !isBelow(path, from)) continue;
      moved.push([to + path.slice(from.length), value]);
      changed.add(path);
    }
  for (const path of changed) names.delete(path);
  for (const [path, value] of moved) {
    names.set(path, value);
    changed.add(path);
  }
  return [...changed];
}
