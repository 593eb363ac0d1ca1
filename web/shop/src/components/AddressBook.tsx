import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { $api, api, problemOf, queries, type Schema } from "../api";
import { pick } from "../i18n";
import { problemText } from "../problem";
import { provinceOf, provinces } from "../provinces";
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

/** The form of an address: a new one, or one that is there. */
export function AddressForm({ address, done }: { address?: Address; done: (saved?: Address) => void }) {
  const id = useId();
  const [name, setName] = useState(address?.name ?? "");
  const [phone, setPhone] = useState(address?.phone ?? "");
  const [region, setRegion] = useState(address?.region.slice(0, 2) ?? "");
  const [city, setCity] = useState(
    address ? address.place.replace(provinceOf(address.region), "").trim() || address.place : "",
  );
  const [street, setStreet] = useState(address?.street ?? "");
  const [preferred, setPreferred] = useState(address?.default ?? false);
  const [sure, setSure] = useState(false);
  const refresh = () => queries.invalidateQueries({ queryKey: ["get", path] });
  const save = useMutation({
    mutationFn: async () => {
      const body = {
        name,
        phone,
        region: address?.region.startsWith(region) ? address.region : `${region}0000`,
        place: `${provinceOf(region)} ${city}`,
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
      <div className="field">
        <label htmlFor={id}>{words.region}</label>
        <select
          id={id}
          required
          value={region}
          onChange={(e) => setRegion(e.target.value)}
          autoComplete="address-level1"
        >
          <option value="">{words.choose}</option>
          {provinces.map(([code, province]) => (
            <option key={code} value={code}>
              {province}
            </option>
          ))}
        </select>
      </div>
      <Field
        label={words.city}
        placeholder={words.city_hint}
        autoComplete="address-level2"
        required
        maxLength={40}
        value={city}
        onChange={(e) => setCity(e.target.value)}
        wrong={wrong("place")}
      />
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
        <button type="submit" className="primary wide" disabled={save.isPending}>
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
