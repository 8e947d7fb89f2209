/**
 * CertificatesView: the certificates of all listeners, when they expire, and what is done about it. Browser.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { formatAge } from '../measure/format.ts';
import { announce, announceFailure } from '../parts/announce.tsx';
import { Badge, type Tone } from '../parts/badge.tsx';
import { type Column, DataTable } from '../parts/table.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useFeed } from '../parts/use-feed.ts';

type Certificate = AnswerOf<'listCertificates'>['certificates'][number];

/** Certificates that expire sooner are marked. */
const SOON_MS = 14 * 86_400_000;

const TONES: Readonly<Record<Certificate['state'], Tone>> = {
  valid: 'ok',
  pending: 'warn',
  failing: 'bad',
  expired: 'bad',
};

export function CertificatesView() {
  const { api } = useFeed();
  const { answer, problem, refresh } = useAnswer('listCertificates');
  const renew = async (name: string): Promise<void> => {
    try {
      await api.call('renewCertificate', { body: { name } });
      announce(`The certificate of ${name} is being renewed`);
    } catch (thrown) {
      announceFailure(`${name} is not renewed: ${(thrown as Error).message}`);
    }
    refresh();
  };
  const columns: Column<Certificate>[] = [
    { title: 'Names', isLine: true, cell: ({ names, file }) => names.join(', ') || file },
    { title: 'State', cell: ({ state }) => <Badge tone={TONES[state]} text={state} /> },
    { title: 'Expires', cell: ({ expires }) => <Expiry expires={expires} /> },
    {
      title: 'From',
      cell: ({ source, file }) => (
        <>
          {source}
          {source === 'file' && <span class="why">{file}</span>}
        </>
      ),
    },
    { title: 'Listeners', isMinor: true, cell: ({ listeners }) => listeners.join(', ') },
    {
      title: 'Next attempt',
      isMinor: true,
      cell: ({ next, lastError }) => (
        <>
          {next === null ? '–' : new Date(next).toLocaleString('en-GB')}
          {lastError !== null && <span class="why problem">{lastError}</span>}
        </>
      ),
    },
    ...(api.may('renewCertificate')
      ? [
          {
            title: 'Actions',
            isUntitled: true,
            isLine: true,
            cell: ({ source, names }: Certificate) =>
              source !== 'file' &&
              names[0] !== undefined && (
                <div class="actions">
                  <button
                    type="button"
                    class="small"
                    aria-label={`Renew ${names[0]}`}
                    onClick={() => void renew(names[0]!)}
                  >
                    Renew
                  </button>
                </div>
              ),
          },
        ]
      : []),
  ];
  return (
    <section aria-labelledby="certificates-title">
      <div class="section-head">
        <h2 id="certificates-title">Certificates</h2>
      </div>
      {problem !== null && <p class="problem">{problem.message}</p>}
      {answer !== null && (
        <DataTable
          caption="Certificates"
          isStacked
          columns={columns}
          rows={answer.certificates}
          keyOf={({ file, names }) => `${file} ${names.join()}`}
          empty="No listener has a certificate."
        />
      )}
    </section>
  );
}

function Expiry({ expires }: { readonly expires: string | null }) {
  if (expires === null) return <>–</>;
  const leftMs = Date.parse(expires) - Date.now();
  const day = new Date(expires).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
  return (
    <>
      {day}
      <span class={leftMs < SOON_MS ? 'sub problem' : 'sub'}>
        {leftMs < 0 ? `${formatAge(-leftMs)} ago` : `in ${formatAge(leftMs)}`}
      </span>
    </>
  );
}
