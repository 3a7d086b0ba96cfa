/** One alert. */

import { Anchor, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api, call } from '../../kit/api';
import { EntityPage, EntityWaiting } from '../../kit/entity';
import { ErrorState, failed, said } from '../../kit/feedback';
import { refresh } from '../../kit/query';
import { Status } from '../../kit/status';
import { useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { alertasTexts } from './alertas.texts';

const places: Readonly<Record<string, string>> = {
  maquina: '/maquinas',
  licenca: '/licencas',
  cliente: '/clientes',
  versao: '/versoes',
};

export default function AlertaPage() {
  const { id = '' } = useParams({ strict: false });
  const t = useT(alertasTexts);
  const query = useQuery({ queryKey: ['alertas', id], queryFn: () => call(api.alertas({ id }).get()) });
  if (query.isPending) return <EntityWaiting />;
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  const alerta = query.data;
  const done = (message: string) => (): void => {
    said(message);
    refresh('alertas', 'painel');
  };
  const subject = (entidade: string, entidadeId: string, words: string) =>
    places[entidade] ? (
      <Anchor component={Link} to={`${places[entidade]}/${entidadeId}`} size="sm">
        {words}
      </Anchor>
    ) : (
      words
    );
  return (
    <EntityPage
      lista={{ href: '/alertas', rotulo: t('titulo') }}
      titulo={alerta.titulo}
      status={<Status value={alerta.status} />}
      subtitulo={alerta.regra}
      acoes={[
        ...(alerta.status === 'aberto'
          ? [
              {
                rotulo: t('reconhecer'),
                permissao: 'alertas:editar',
                run: () => void call(api.alertas({ id }).reconhecer.post()).then(done(t('reconhecido')), failed),
              },
            ]
          : []),
        ...(alerta.status === 'resolvido'
          ? []
          : [
              {
                rotulo: t('resolver'),
                permissao: 'alertas:editar',
                run: () => void call(api.alertas({ id }).resolver.post()).then(done(t('resolvido')), failed),
              },
            ]),
      ]}
      fatos={[
        { rotulo: t('severidade'), valor: <Status value={alerta.severidade} /> },
        { rotulo: t('detalhe'), valor: alerta.detalhe },
        { rotulo: t('sobre'), valor: subject(alerta.entidade, alerta.entidade_id, alerta.entidade) },
        { rotulo: t('aberto_em'), valor: <When at={alerta.aberto_em} /> },
        { rotulo: t('reconhecido_em'), valor: <When at={alerta.reconhecido_em} /> },
        { rotulo: t('resolvido_em'), valor: <When at={alerta.resolvido_em} /> },
        { rotulo: t('ocorrencias'), valor: alerta.ocorrencias },
      ]}
      destaque={
        alerta.membros.length > 0 && (
          <Stack gap={4}>
            <Text fw={600} size="sm">
              {t('membros')}
            </Text>
            {alerta.membros.map(({ entidade, entidade_id, nome, desde }) => (
              <Text key={entidade_id} size="sm" component="div">
                {subject(entidade, entidade_id, nome)} · <When at={desde} />
              </Text>
            ))}
          </Stack>
        )
      }
    />
  );
}
