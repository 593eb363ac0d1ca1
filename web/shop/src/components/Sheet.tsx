import { type ReactNode, useEffect, useId, useRef } from "react";
import { pick } from "../i18n";
import * as both from "../words/common";
import { Icon } from "./Screen";

const words = pick(both);

/** A sheet that comes up from the bottom over the page; Escape, the cross and a tap beside it close it. */
export function Sheet(props: {
  open: boolean;
  title: string;
  close: () => void;
  bar?: ReactNode;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const d = dialog.current;
    if (props.open && d && !d.open) {
      d.showModal();
    } else if (!props.open && d?.open) {
      d.close();
    }
  }, [props.open]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog
    <dialog
      ref={dialog}
      className="sheet"
      aria-labelledby={id}
      onClose={props.close}
      onClick={(e) => e.target === dialog.current && props.close()}
    >
      {props.open && (
        <div className="sheet-inside">
          <header className="sheet-head">
            <h2 id={id}>{props.title}</h2>
            <button type="button" className="icon" aria-label={words.close} onClick={props.close}>
              <Icon name="close" />
            </button>
          </header>
          <div className="sheet-body">{props.children}</div>
          {props.bar && <div className="sheet-bar">{props.bar}</div>}
        </div>
      )}
    </dialog>
  );
}
