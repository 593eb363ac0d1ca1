import { useState } from "react";
import { type Address, AddressForm, AddressText, useAddresses } from "../components/AddressBook";
import { Screen } from "../components/Screen";
import { Sheet } from "../components/Sheet";
import { Signed } from "../components/Signed";
import { Empty, ErrorState, Skeleton } from "../components/states";
import { pick } from "../i18n";
import * as both from "../words/address";

const words = pick(both);

/** The address book. */
export default function Addresses() {
  return (
    <Signed title={words.title} up="/me">
      <Book />
    </Signed>
  );
}

function Book() {
  const asked = useAddresses();
  const [open, setOpen] = useState<Address | "new">();
  return (
    <Screen
      title={words.title}
      up="/me"
      bar={
        <button type="button" className="primary wide" onClick={() => setOpen("new")}>
          {words.add}
        </button>
      }
    >
      {asked.isError ? (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      ) : asked.isPending ? (
        <Skeleton lines={3} high={72} />
      ) : asked.data.items.length === 0 ? (
        <Empty title={words.empty} why={words.empty_why} />
      ) : (
        <ul>
          {asked.data.items.map((a) => (
            <li key={a.id} className="panel row">
              <p className="grow">
                {a.default && <span className="saved">{words.default}</span>} <AddressText address={a} />
              </p>
              <button
                type="button"
                className="quiet"
                aria-label={`${words.change} ${a.name}`}
                onClick={() => setOpen(a)}
              >
                {words.change}
              </button>
            </li>
          ))}
        </ul>
      )}
      <Sheet open={open !== undefined} title={open === "new" ? words.add : words.edit} close={() => setOpen(undefined)}>
        <AddressForm address={open === "new" ? undefined : open} done={() => setOpen(undefined)} />
      </Sheet>
    </Screen>
  );
}
