/** Which rows of the recording have a route here, and which of them change something. */
import type { Row } from './recording.ts';

export interface Route {
  readonly method: string;
  readonly path: string;
}

/** Paths that LiteLLM does not have either. */
const unknownPaths = ['/key/nope'];

/** Whether a route of ours takes the row: one of its path, or `$default` for a path that is nobody else's. */
export function isBuilt({ request }: Row, routes: readonly Route[]): boolean {
  const path = pathOf(request.path).replace(/\/+$/, '');
  return unknownPaths.includes(path) || routes.some((route) => matches(route.path, path));
}

const matches = (template: string, path: string): boolean =>
  new RegExp(`^${template.replace(/\{\w+\+\}/g, '.+').replace(/\{\w+\}/g, '[^/]+')}$`).test(path);

const pathOf = (path: string): string => path.split('?')[0] ?? '';

export const isMutation = ({ request }: Row): boolean =>
  request.method !== 'GET' && !/\/(info|health)$/.test(pathOf(request.path));

export const isBirth = ({ request }: Row): boolean => request.path.endsWith('/generate');

export const isRotation = ({ request }: Row): boolean => request.path.endsWith('/regenerate');

/** Whether the row changed something at LiteLLM, as far as is known. */
export const mayHaveChanged = (row: Row): boolean =>
  isMutation(row) && (row.response === null || row.response.status < 300);
