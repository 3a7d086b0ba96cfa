/** Release notes as HTML: Markdown without raw HTML, and what comes out once more through a list of what is allowed. */

import MarkdownIt from 'markdown-it';
import sanitize from 'sanitize-html';

/** Raw HTML is shown as the text it is; a link may not run anything. */
const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true });

const allowed: sanitize.IOptions = {
  allowedTags: [
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'br', 'hr', 'blockquote', 'pre', 'code'],
    ...['ul', 'ol', 'li', 'strong', 'em', 's', 'a', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ],
  allowedAttributes: { a: ['href', 'title', 'rel'], ol: ['start'] },
  allowedSchemes: ['http', 'https', 'mailto'],
  allowProtocolRelative: false,
  transformTags: { a: sanitize.simpleTransform('a', { rel: 'noopener noreferrer nofollow' }) },
};

/** A fragment that can be put into any page. */
export function notesHtml(notas: string): string {
  return sanitize(markdown.render(notas), allowed);
}
