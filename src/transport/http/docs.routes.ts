/** The guides at `/docs`, from the executable. What they are made of is read when somebody asks for one. */

import { Elysia } from 'elysia';
import { Problem } from '../../core/problem';

const cacheControl = 'public, max-age=300';

export function docsRoutes() {
  const hidden = { detail: { hide: true } };
  return new Elysia({ prefix: '/docs' })
    .get('/', () => page('pt', 'inicio'), hidden)
    .get('/en', () => page('en', 'inicio'), hidden)
    .get('/en/:slug', ({ params }) => page('en', params.slug), hidden)
    .get('/estilo.css', async () => file((await import('../../docs/arquivos')).estilo, 'text/css'), hidden)
    .get('/guias.js', async () => file((await import('../../docs/arquivos')).script, 'text/javascript'), hidden)
    .get(
      '/indice.json',
      async ({ query }) => {
        const { indiceOf } = await import('../../docs/pagina');
        return file(JSON.stringify(indiceOf(query.lingua === 'en' ? 'en' : 'pt')), 'application/json');
      },
      hidden,
    )
    .get(
      '/sdk/:arquivo',
      async ({ params }) => {
        const { sdkArquivos } = await import('../../docs/sdk');
        const arquivo = Object.hasOwn(sdkArquivos, params.arquivo) ? sdkArquivos[params.arquivo] : undefined;
        if (!arquivo) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há SDK com este nome.' });
        return file(await arquivo.texto(), arquivo.tipo);
      },
      hidden,
    )
    .get('/:slug', ({ params }) => page('pt', params.slug), hidden);
}

/** @throws Problem NAO_ENCONTRADO */
async function page(lingua: 'pt' | 'en', slug: string): Promise<Response> {
  const [{ guias }, { paginaOf }] = await Promise.all([import('../../docs/guias'), import('../../docs/pagina')]);
  const guia = guias.find((one) => one.slug === slug);
  if (!guia) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há guia com este nome.' });
  return file(paginaOf(guia, lingua), 'text/html');
}

function file(body: string, type: string): Response {
  return new Response(body, { headers: { 'content-type': `${type}; charset=utf-8`, 'cache-control': cacheControl } });
}
