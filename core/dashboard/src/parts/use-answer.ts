/**
 * UseAnswer: what an operation of the API answers, asked again whenever the feed has news. Browser.
 */
import type { AnswerOf, OperationId, QueryOf } from '@sluice/core/admin';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../connection/api.ts';
import { useFeed } from './use-feed.ts';

interface Answered<Id extends OperationId> {
  /** The last good answer; null before the first. */
  readonly answer: AnswerOf<Id> | null;
  /** Why the last question got none; null: it did. */
  readonly problem: ApiError | null;
  /** Asks at once, as after a change. */
  readonly refresh: () => void;
}

/** useAnswer asks an operation that takes nothing but a query; a question waits until the one before it is answered. */
export function useAnswer<Id extends OperationId>(id: Id, query?: QueryOf<Id>): Answered<Id> {
  const { api, picture } = useFeed();
  const [answer, setAnswer] = useState<AnswerOf<Id> | null>(null);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const isAsking = useRef(false);
  const refresh = (): void => {
    if (isAsking.current) return;
    isAsking.current = true;
    api
      .call(id, query === undefined ? {} : { query })
      .then(
        (given) => {
          setAnswer(given);
          setProblem(null);
        },
        (thrown) => setProblem(thrown as ApiError),
      )
      .finally(() => {
        isAsking.current = false;
      });
  };
  useEffect(refresh, [picture]);
  return { answer, problem, refresh };
}
