/** The style and the script of the guides. */

export const estilo = `
:root { color-scheme: light dark; --tinta: #1a1b1e; --quieto: #5a6169; --fundo: #fff; --linha: #dee2e6; --anil: #2f4ac0; --caixa: #f6f7f9; }
@media (prefers-color-scheme: dark) { :root { --tinta: #e6e7ea; --quieto: #a9adb3; --fundo: #1f2023; --linha: #3a3c41; --anil: #9dacf0; --caixa: #2a2c30; } }
* { box-sizing: border-box; }
body { margin: 0; display: grid; grid-template: auto 1fr / 240px minmax(0, 1fr); min-height: 100dvh; font: 16px/1.6 system-ui, sans-serif; color: var(--tinta); background: var(--fundo); }
header { grid-column: 1 / -1; display: flex; gap: 16px; align-items: center; padding: 10px 20px; border-bottom: 1px solid var(--linha); }
header input { flex: 1; max-width: 360px; margin-left: auto; padding: 7px 10px; font: inherit; font-size: 14px; color: inherit; background: var(--fundo); border: 1px solid var(--quieto); border-radius: 8px; }
a { color: var(--anil); } header a, nav a { color: inherit; text-decoration: none; } nav a:hover, header a:hover { text-decoration: underline; }
nav { padding: 16px 12px; border-right: 1px solid var(--linha); font-size: 14px; }
nav ul { list-style: none; margin: 0; padding: 0; } nav li a { display: block; padding: 6px 10px; border-radius: 8px; }
nav [aria-current] { background: var(--caixa); font-weight: 600; }
#achados { margin-bottom: 12px; border-bottom: 1px solid var(--linha); padding-bottom: 8px; }
main { padding: 8px 32px 64px; max-width: 820px; } main:focus { outline: none; }
h1 { font-size: 28px; line-height: 1.25; } h2 { font-size: 20px; margin-top: 36px; } h1, h2 { scroll-margin-top: 16px; overflow-wrap: anywhere; } td:first-child code { white-space: nowrap; }
pre { position: relative; padding: 14px; overflow: auto; background: var(--caixa); border: 1px solid var(--linha); border-radius: 8px; font-size: 13px; line-height: 1.5; }
code { font-family: ui-monospace, Menlo, monospace; font-size: .9em; } :not(pre) > code { padding: 1px 5px; background: var(--caixa); border-radius: 5px; overflow-wrap: anywhere; }
pre button { position: absolute; top: 8px; right: 8px; font: 12px system-ui; padding: 3px 8px; color: var(--tinta); background: var(--fundo); border: 1px solid var(--linha); border-radius: 6px; cursor: pointer; }
.tabela { overflow-x: auto; } table { border-collapse: collapse; font-size: 14px; } th, td { text-align: left; vertical-align: top; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--linha); }
.pular { position: fixed; top: -60px; left: 8px; padding: 8px; background: var(--fundo); } .pular:focus { top: 8px; }
@media (max-width: 760px) { body { grid-template: auto auto 1fr / minmax(0, 1fr); } nav { border-right: 0; border-bottom: 1px solid var(--linha); } nav ul:last-child { display: flex; flex-wrap: wrap; } main { padding: 8px 16px 48px; } header { flex-wrap: wrap; } }
`;

export const script = `
const { copiar, lingua } = document.body.dataset;
for (const pre of document.querySelectorAll('pre')) {
  pre.tabIndex = 0;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = copiar;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(pre.querySelector('code').textContent);
    button.textContent = '✓';
    setTimeout(() => { button.textContent = copiar; }, 1500);
  });
  pre.append(button);
}
const busca = document.getElementById('busca');
const achados = document.getElementById('achados');
let indice;
busca.addEventListener('input', async () => {
  const palavras = busca.value.toLowerCase().split(/\\s+/).filter(Boolean);
  indice ??= fetch('/docs/indice.json?lingua=' + lingua).then((resposta) => resposta.json());
  const secoes = palavras.length === 0 ? [] : (await indice).filter(({ texto }) => palavras.every((palavra) => texto.includes(palavra)));
  achados.replaceChildren(...secoes.slice(0, 12).map(({ titulo, href }) => {
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.href = href;
    link.textContent = titulo;
    item.append(link);
    return item;
  }));
  achados.hidden = secoes.length === 0;
});
`;
