import { type Division, divisions, wayText, wayTo } from "@huoshui/ui/divisions";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import { $api, api, problemOf, queries, type Schema } from "../api";
import { pick } from "../i18n";
import { problemText } from "../problem";
import * as both from "../words/address";
import { Field, Tick } from "./Field";
import { Trouble } from "./states";

const words = pick(both);

/** An address of the book. */
export type Address = Schema<"AddressEntry">;

const path = "/api/v1/shop/addresses" as const;

/** The customer's addresses, the default first. */
export function useAddresses(enabled = true) {
  return $api.useQuery("get", path, undefined, { enabled });
}

/** An address in words. */
export function AddressText({ address }: { address: Schema<"CheckoutAddress"> }) {
  return (
    <>
      <b>{address.name}</b> <span className="muted">{address.phone}</span>
      <br />
      <span className="muted">
        {address.place} {address.street}
      </span>
    </>
  );
}

/** A choice of provinces, or of what lies in one; the only one there is, is chosen. */
function Choice(props: {
  label: string;
  autoComplete: string;
  of: readonly Division[] | undefined;
  chosen: Division | undefined;
  change: (code: string) => void;
  wrong?: string;
}) {
  const id = useId();
  const { of = [], chosen, change } = props;
  const only = of.length === 1 && !chosen ? of[0]?.code : undefined;
  useEffect(() => {
    if (only) {
      change(only);
    }
  }, [only, change]);
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        required
        disabled={of.length === 0}
        value={chosen?.code ?? ""}
        onChange={(e) => change(e.target.value)}
        autoComplete={props.autoComplete}
      >
        <option value="" disabled>
          {words.choose}
        </option>
        {of.map((d) => (
          <option key={d.code} value={d.code}>
            {d.name}
          </option>
        ))}
      </select>
      {props.wrong && (
        <p className="trouble" role="alert">
          {props.wrong}
        </p>
      )}
    </div>
  );
}

/** The form of an address: a new one, or one that is there. */
export function AddressForm({ address, done }: { address?: Address; done: (saved?: Address) => void }) {
  const [name, setName] = useState(address?.name ?? "");
  const [phone, setPhone] = useState(address?.phone ?? "");
  const all = useQuery({ queryKey: ["divisions"], queryFn: divisions, staleTime: Number.POSITIVE_INFINITY });
  const [code, setCode] = useState(address?.region.replace(/(00)+$/, "") ?? "");
  const way = wayTo(all.data ?? [], code);
  const [province, city, district] = way;
  const [street, setStreet] = useState(address?.street ?? "");
  const [preferred, setPreferred] = useState(address?.default ?? false);
  const [sure, setSure] = useState(false);
  const refresh = () => queries.invalidateQueries({ queryKey: ["get", path] });
  const save = useMutation({
    mutationFn: async () => {
      const body = {
        name,
        phone,
        region: code,
        place: wayText(way),
        street,
        default: preferred,
      };
      const { data, error } = address
        ? await api.PUT("/api/v1/shop/addresses/{id}", { params: { path: { id: address.id } }, body })
        : await api.POST(path, { body });
      if (error) {
        throw error;
      }
      await refresh();
      return data;
    },
    onSuccess: (saved) => done(saved),
  });
  const remove = useMutation({
    mutationFn: async () => {
      const { error } = await api.DELETE("/api/v1/shop/addresses/{id}", {
        params: { path: { id: address?.id ?? "" } },
      });
      if (error) {
        throw error;
      }
      await refresh();
    },
    onSuccess: () => done(),
  });
  const problem = save.error && problemOf(save.error);
  const wrong = (field: string) => (problem?.field?.endsWith(field) ? problemText(save.error) : undefined);
  const told = ["name", "phone", "place", "street", "region"].some((f) => wrong(f));
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate();
      }}
    >
      <Field
        label={words.name}
        autoComplete="name"
        required
        maxLength={40}
        value={name}
        onChange={(e) => setName(e.target.value)}
        wrong={wrong("name")}
      />
      <Field
        label={words.phone}
        type="tel"
        inputMode="tel"
        autoComplete="tel"
        required
        maxLength={20}
        value={phone}
        onChange={(e) => setPhone(e.target.value)}
        wrong={wrong("phone")}
      />
      <Choice
        label={words.region}
        autoComplete="address-level1"
        of={all.data}
        chosen={province}
        change={setCode}
        wrong={wrong("region") ?? wrong("place")}
      />
      <Choice label={words.city} autoComplete="address-level2" of={province?.children} chosen={city} change={setCode} />
      <Choice
        label={words.district}
        autoComplete="address-level3"
        of={city?.children}
        chosen={district}
        change={setCode}
      />
      <Trouble error={all.error} />
      <Field
        label={words.street}
        placeholder={words.street_hint}
        autoComplete="street-address"
        required
        maxLength={120}
        value={street}
        onChange={(e) => setStreet(e.target.value)}
        wrong={wrong("street")}
      />
      <Tick name={words.as_default} on={preferred} change={setPreferred}>
        {words.as_default}
      </Tick>
      {!told && <Trouble error={save.error ?? remove.error} />}
      <p className="wide-row">
        <button type="submit" className="primary wide" disabled={save.isPending || !district}>
          {words.save}
        </button>
      </p>
      {address && (
        <p className="wide-row">
          <button
            type="button"
            className="quiet danger"
            disabled={remove.isPending}
            onClick={() => (sure ? remove.mutate() : setSure(true))}
          >
            {sure ? words.remove_sure : words.remove}
          </button>
        </p>
      )}
    </form>
  );
}
