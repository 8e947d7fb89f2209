/**
 * ExplanationView: an explanation, from its verdict to the conditions of each rule. Browser.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { formatAddress } from '../measure/format.ts';
import { Badge, type Tone } from '../parts/badge.tsx';
import { DataTable } from '../parts/table.tsx';

type Explanation = AnswerOf<'explain'>;
type Rule = Explanation['guards'][number];
type Condition = NonNullable<Rule['condition']>;
type Edit = Explanation['edits'][number];
type Verdict = Explanation['verdict'];

export function ExplanationView({ explanation }: { readonly explanation: Explanation }) {
  const { verdict, by, otherwise, listener, servers, sticky, line, fallBacks, balance, page } = explanation;
  return (
    <div class="explanation">
      <div class={`banner ${toneOf(verdict)}`}>
        <b>{verdictText(verdict)}</b>
        {by !== null && (
          <>
            {' '}
            by <code>{by.text}</code> <span class="place">{by.place}</span>
          </>
        )}
        {otherwise !== null && (
          <p>
            Without that rule: {verdictText(otherwise.verdict)}
            {otherwise.by !== null && (
              <>
                {' '}
                by <code>{otherwise.by.text}</code>
              </>
            )}
          </p>
        )}
      </div>
      <p class="muted">
        Judged by listener {listener}
        {balance === null ? '' : `; servers are picked by ${balance}`}
        {page === null ? '' : `; sent with ${page}`}
      </p>
      <Rules title="TLS passthrough" rules={explanation.passthroughs} />
      <Rules title="Guards" rules={explanation.guards} />
      <Rules title="Changes" rules={explanation.changes} />
      <Rules title="Routes" rules={explanation.routes} />
      <Edits title="Changes of the request" edits={explanation.edits} />
      <Rules title="On response" rules={explanation.responses} />
      <Edits title="Changes of the response" edits={explanation.answerEdits} />
      {fallBacks.map(({ from, to, healthy, below }) => (
        <p key={from}>
          {from} falls back to {to}: {healthy} of its servers accept new clients, {below} are needed
        </p>
      ))}
      {sticky !== null && (
        <p>
          Stickiness ({sticky.kind}, {sticky.by}): {sticky.outcome}
          {sticky.server === null ? '' : ` with ${sticky.server}`}, {sticky.why}
        </p>
      )}
      {line !== null && (
        <p>
          It waits{line.server === null ? '' : ` for ${line.server}`}, behind {line.waiting} of at most {line.most}
        </p>
      )}
      {servers.length > 0 && (
        <DataTable
          caption="Servers that could take it"
          isStacked
          rows={servers}
          keyOf={({ name }) => name}
          empty=""
          columns={[
            { title: 'Server', cell: ({ name }) => name },
            { title: 'Address', isMinor: true, cell: ({ address }) => formatAddress(address) },
            {
              title: 'Takes it',
              cell: ({ isUsable, isPicked }) =>
                isPicked === true ? (
                  <Badge tone="ok" text="picked" />
                ) : isUsable ? (
                  <Badge tone="idle" text="could" />
                ) : (
                  <Badge tone="bad" text="no" />
                ),
            },
            { title: 'Why', isLine: true, cell: ({ why }) => why },
          ]}
        />
      )}
    </div>
  );
}

function toneOf({ kind }: Verdict): Tone {
  return kind === 'send' || kind === 'open' ? 'ok' : kind === 'error' ? 'bad' : 'warn';
}

function verdictText(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'send':
      return `Sent to backend ${verdict.backend}${verdict.isPassthrough === true ? ', without opening TLS' : ''}`;
    case 'answer':
      return `Answered ${verdict.status}${verdict.reason === undefined ? '' : `: ${verdict.reason}`}`;
    case 'close':
      return `Closed${verdict.reason === undefined ? '' : `: ${verdict.reason}`}`;
    case 'open':
      return 'TLS is opened, and each request is judged by itself';
    case 'error':
      return `Answered ${verdict.status}, as a rule failed: ${verdict.message}`;
  }
}

const OUTCOMES: Readonly<Record<Rule['outcome'], readonly [sign: string, tone: Tone]>> = {
  match: ['✓', 'ok'],
  passed: ['→', 'idle'],
  'no match': ['✗', 'idle'],
  error: ['!', 'bad'],
};

function Rules({ title, rules }: { readonly title: string; readonly rules: readonly Rule[] }) {
  if (rules.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="rules">
        {rules.map((rule) => (
          <li key={rule.place}>
            <Line sign={OUTCOMES[rule.outcome]} word={rule.outcome} text={rule.text} note={rule.place} />
            {rule.error !== null && <p class="problem">{rule.error}</p>}
            {rule.condition !== null && <Conditions conditions={[rule.condition]} />}
          </li>
        ))}
      </ul>
    </>
  );
}

function Conditions({ conditions }: { readonly conditions: readonly Condition[] }) {
  return (
    <ul class="conditions">
      {conditions.map((condition, index) => {
        const { text, holds, isReached, value, error, of } = condition;
        const word = !isReached ? 'not reached' : holds ? 'holds' : 'does not hold';
        const sign = !isReached ? (['·', 'idle'] as const) : holds ? (['✓', 'ok'] as const) : (['✗', 'bad'] as const);
        return (
          <li key={`${index} ${text}`}>
            <Line sign={sign} word={word} text={text} note={error ?? value ?? ''} />
            {of.length > 0 && <Conditions conditions={of} />}
          </li>
        );
      })}
    </ul>
  );
}

interface LineProps {
  readonly sign: readonly [sign: string, tone: Tone];
  /** What the sign says. */
  readonly word: string;
  readonly text: string;
  readonly note: string;
}

function Line({ sign: [sign, tone], word, text, note }: LineProps) {
  return (
    <div class="rule-line">
      <span class={`sign ${tone}`} aria-hidden="true">
        {sign}
      </span>
      <span class="unseen">{word}: </span>
      <code>{text}</code>
      <span class="place">{note}</span>
    </div>
  );
}

function Edits({ title, edits }: { readonly title: string; readonly edits: readonly Edit[] }) {
  if (edits.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="rules">
        {edits.map(({ edit, name, value }) => (
          <li key={`${edit} ${name} ${value}`}>
            {edit} <code>{value === null ? name : `${name}: ${value}`}</code>
          </li>
        ))}
      </ul>
    </>
  );
}
