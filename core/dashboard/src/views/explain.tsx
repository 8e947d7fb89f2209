/**
 * ExplainView: what the running gateway would do with a request, and why. Browser.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { useState } from 'preact/hooks';
import { useFeed, usePicture } from '../parts/use-feed.ts';
import { ExplanationView } from './explanation.tsx';

type Explanation = AnswerOf<'explain'>;

export function ExplainView() {
  const { api } = useFeed();
  const { stats } = usePicture();
  const [request, setRequest] = useState('GET http://localhost/ from 198.51.100.7');
  const [fields, setFields] = useState('');
  const [listener, setListener] = useState('');
  const [explanation, setExplanation] = useState<Explanation | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const ask = async (event: Event): Promise<void> => {
    event.preventDefault();
    const headers = linesOf(fields);
    const body = {
      request,
      ...(headers.length === 0 ? {} : { headers }),
      ...(listener === '' ? {} : { listener }),
    };
    try {
      setExplanation(await api.call('explain', { body }));
      setProblem(null);
    } catch (thrown) {
      setExplanation(null);
      setProblem((thrown as Error).message);
    }
  };
  return (
    <section aria-labelledby="explain-title">
      <div class="section-head">
        <h2 id="explain-title">Explain a request</h2>
        <span class="muted">with the rules, states and loads of now; nothing is sent</span>
      </div>
      <form class="card form" onSubmit={(event) => void ask(event)}>
        <div class="form-row">
          <label class="field wide">
            Request
            <input
              class="code"
              required
              spellcheck={false}
              value={request}
              onInput={(event) => setRequest(event.currentTarget.value)}
            />
          </label>
          <label class="field">
            Listener
            <select value={listener} onChange={(event) => setListener(event.currentTarget.value)}>
              <option value="">by port and scheme</option>
              {stats.listeners.map(({ name }) => (
                <option value={name} key={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </div>
        <label class="field">
          Header fields, one a line
          <textarea
            class="code"
            rows={2}
            spellcheck={false}
            placeholder="Cookie: sid=8f14e45f"
            value={fields}
            onInput={(event) => setFields(event.currentTarget.value)}
          />
        </label>
        <div>
          <button type="submit" class="primary">
            Explain
          </button>
        </div>
      </form>
      <div aria-live="polite">
        {problem !== null && <p class="banner bad">{problem}</p>}
        {explanation !== null && <ExplanationView explanation={explanation} />}
      </div>
    </section>
  );
}

/** linesOf leaves out empty lines. */
export function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
