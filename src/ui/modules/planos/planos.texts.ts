import { defineTexts } from '../../kit/texts';

export const planosTexts = defineTexts('planos', {
  titulo: ['Planos e produtos', 'Plans and products'],
  planos: ['Planos', 'Plans'],
  produtos: ['Produtos', 'Products'],
  planos_texto: [
    'Preço, período e o que cada assinatura inclui.',
    'Price, period and what each subscription includes.',
  ],
  produtos_texto: [
    'O que você vende; cada um tem suas licenças e versões.',
    'What you sell; each has its licences and releases.',
  ],
  novo_plano: ['Novo plano', 'New plan'],
  novo_produto: ['Novo produto', 'New product'],
  vazio_planos: ['Nenhum plano ainda', 'No plans yet'],
  vazio_planos_texto: [
    'Com um plano, uma licença do tipo assinatura se cobra e se renova sozinha.',
    'With a plan, a subscription licence bills and renews itself.',
  ],
  vazio_produtos: ['Nenhum produto', 'No products'],
  nome: ['Nome', 'Name'],
  slug: ['Código', 'Code'],
  slug_ajuda: [
    'Minúsculas, números e traços; é o que o seu software informa.',
    'Lower case, digits and dashes; it is what your software says.',
  ],
  uso_geral: ['Para todas as licenças', 'For every licence'],
  uso_geral_ajuda: [
    'Como um agente: qualquer licença válida recebe suas versões.',
    'Such as an agent: any valid licence gets its releases.',
  ],
  produto: ['Produto', 'Product'],
  preco: ['Preço', 'Price'],
  periodo: ['Período', 'Period'],
  mensal: ['Mensal', 'Monthly'],
  trimestral: ['Trimestral', 'Quarterly'],
  anual: ['Anual', 'Yearly'],
  limite_maquinas: ['Máquinas', 'Machines'],
  recursos: ['Recursos', 'Features'],
  carencia_dias: ['Carência (dias)', 'Grace (days)'],
  carencia_ajuda: [
    'Quantos dias depois do vencimento a licença ainda vale.',
    'How many days after the due date the licence still counts.',
  ],
  editar_plano: ['Editar plano', 'Edit plan'],
  editar_produto: ['Editar produto', 'Edit product'],
  excluir_texto: [
    '{{nome}} é excluído. Só é possível se nada o usa.',
    '{{nome}} is deleted. Possible only if nothing uses it.',
  ],
  simular: ['Simular mudança', 'Simulate a change'],
  simulado: ['O que mudaria', 'What would change'],
  simulado_texto: [
    '{{afetadas}} de {{licencas}} licenças e {{maquinas}} máquinas mudariam.',
    '{{afetadas}} of {{licencas}} licences and {{maquinas}} machines would change.',
  ],
  criado_em: ['Criado em', 'Created'],
  acoes: ['Ações', 'Actions'],
});
