/** Which route a path belongs to, so that what is measured by route has as many names as there are routes. */

const other = 'outra';

interface Node {
  fixed: Map<string, Node>;
  parameter: Node | null;
  route: string | null;
}

const newNode = (): Node => ({ fixed: new Map(), parameter: null, route: null });

/** @param paths the routes as they were declared, `/planos/:id`. @returns the route of a path, or `outra`. */
export function createRouteNames(paths: readonly string[]): (path: string) => string {
  const root = newNode();
  for (const path of paths) insert(root, path);
  return (path) => find(root, segmentsOf(path), 0) ?? other;
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function insert(root: Node, path: string): void {
  let node = root;
  for (const segment of segmentsOf(path)) {
    let next: Node | null | undefined;
    if (segment.startsWith(':') || segment === '*') {
      next = node.parameter ??= newNode();
    } else {
      next = node.fixed.get(segment) ?? newNode();
      node.fixed.set(segment, next);
    }
    node = next;
  }
  node.route = path.length > 1 ? path.replace(/\/$/, '') : path;
}

function find(node: Node, segments: readonly string[], at: number): string | null {
  const segment = segments[at];
  if (segment === undefined) return node.route;
  const fixed = node.fixed.get(segment);
  return (fixed && find(fixed, segments, at + 1)) ?? (node.parameter && find(node.parameter, segments, at + 1));
}
