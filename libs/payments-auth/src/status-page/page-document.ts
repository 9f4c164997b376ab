import { createHash } from 'node:crypto';
import { PAGE_HTML, PAGE_SCRIPT, PAGE_STYLE } from './page-assets.js';

/** One document, so that it can be served below any path and behind any proxy. */
const html = PAGE_HTML.replace('<!-- style -->', () => `<style>${PAGE_STYLE}</style>`).replace(
  '<!-- script -->',
  () => `<script type="module">${PAGE_SCRIPT}</script>`,
);

/** The page may load nothing from another origin, and run no script but its own. */
const policy = [
  "default-src 'none'",
  `script-src ${hashOf(PAGE_SCRIPT)}`,
  `style-src ${hashOf(PAGE_STYLE)}`,
  "connect-src 'self'",
  // This allows an empty icon in the page. Without one, a browser asks the application for an icon.
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page, and the headers with which it has to be served. */
export const PAGE = {
  html,
  headers: {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  },
} as const;

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
