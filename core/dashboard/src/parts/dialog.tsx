/**
 * FormDialog: a question with a form, over the page. Browser.
 *
 * The element keeps the focus inside, is closed by Escape, and gives the focus back.
 */
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

interface DialogProps {
  readonly title: string;
  /** The word on the button that carries it out; null: there is nothing to carry out. */
  readonly action: string | null;
  readonly onSubmit?: () => void;
  readonly onClose: () => void;
  /** It has a table. */
  readonly isWide?: boolean;
  readonly children: ComponentChildren;
}

export function FormDialog({ title, action, onSubmit, onClose, isWide = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Not later: by then the focus would have been nowhere for a moment.
  useLayoutEffect(() => {
    const element = dialog.current!;
    const opener = document.activeElement;
    element.showModal();
    return () => {
      element.close();
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog ref={dialog} class={isWide ? 'wide' : ''} aria-labelledby={id} onCancel={onClose}>
      <form onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        {children}
        <div class="dialog-buttons">
          <button type="button" onClick={onClose}>
            {action === null ? 'Close' : 'Cancel'}
          </button>
          {action !== null && (
            <button type="submit" class="primary">
              {action}
            </button>
          )}
        </div>
      </form>
    </dialog>
  );
}
