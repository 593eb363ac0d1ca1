import { fireEvent, render, screen } from "@testing-library/react";
import i18next from "i18next";
import { useState } from "react";
import { initReactI18next } from "react-i18next";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { uiCatalogue } from "./i18n";
import { UIProvider } from "./provider";
import { type Column, DataTable, type ListQuery } from "./table";
import type { Filter, TableState } from "./table-state";

beforeAll(async () => {
  await i18next.use(initReactI18next).init({ lng: "en", resources: { en: { translation: { ui: uiCatalogue.en } } } });
});
beforeEach(() => localStorage.clear());

interface Row {
  id: string;
  name: string;
  n: number;
}

const columns: Column<Row>[] = [
  { key: "name", title: "Name", render: (r) => r.name, value: (r) => r.name },
  { key: "n", title: "Count", align: "right", sort: true, render: (r) => r.n, value: (r) => r.n },
];

const filters: Filter[] = [
  { key: "layer", label: "Layer", kind: "choice", many: true, options: [{ value: "vip", label: "VIP" }] },
];

function query(rows: Row[], more: Partial<ListQuery<Row>> = {}): ListQuery<Row> {
  return {
    data: { pages: [{ items: rows, next: "", total: rows.length }] },
    error: null,
    isPending: false,
    isFetching: false,
    hasNextPage: false,
    isFetchingNextPage: false,
    fetchNextPage: () => undefined,
    refetch: () => undefined,
    ...more,
  };
}

function Host(props: { query: ListQuery<Row>; state?: TableState; onOpen?: (row: Row) => void }) {
  const [state, setState] = useState<TableState>(props.state ?? {});
  return (
    <UIProvider theme="light" language="en" zone="Asia/Shanghai">
      <DataTable
        id="test"
        query={props.query}
        columns={columns}
        filters={filters}
        rowKey={(r) => r.id}
        state={state}
        onState={(patch) => setState({ ...state, ...patch })}
        onOpen={props.onOpen}
        empty={<p>teach me</p>}
      />
      <output>{JSON.stringify(state)}</output>
    </UIProvider>
  );
}

const rows = [
  { id: "1", name: "Ann", n: 3 },
  { id: "2", name: "Bo", n: 5 },
];

describe("DataTable", () => {
  it("opens a row by click and by Enter", () => {
    const onOpen = vi.fn();
    render(<Host query={query(rows)} onOpen={onOpen} />);
    fireEvent.click(screen.getByText("Ann"));
    const row = screen.getByText("Bo").closest("tr");
    fireEvent.keyDown(row as Element, { key: "Enter" });
    expect(onOpen.mock.calls.map(([r]) => (r as Row).id)).toEqual(["1", "2"]);
  });

  it("asks for the order of a column", () => {
    render(<Host query={query(rows)} />);
    fireEvent.click(screen.getAllByText("Count")[0] as Element);
    expect(screen.getByText('{"sort":"-n"}')).toBeTruthy();
  });

  it("shows a set filter as a chip that can be taken away", () => {
    render(<Host query={query(rows)} state={{ layer: ["vip"] }} />);
    expect(screen.getByText("VIP")).toBeTruthy();
    fireEvent.click(screen.getByLabelText("Remove the filter Layer"));
    expect(screen.queryByText("VIP")).toBeNull();
  });

  it("says honestly how many there are, and asks for more", () => {
    const fetchNextPage = vi.fn();
    const data = { pages: [{ items: rows, next: "c", total: 12408, total_is_estimate: true }] };
    render(<Host query={query(rows, { data, hasNextPage: true, fetchNextPage })} />);
    expect(screen.getByText(/About 12,408/)).toBeTruthy();
    fireEvent.click(screen.getByText("Show 50 more"));
    expect(fetchNextPage).toHaveBeenCalledOnce();
  });

  it("does not count what the API has not counted", () => {
    render(<Host query={query(rows, { data: { pages: [{ items: rows, next: "", total: -1 }] } })} />);
    expect(screen.queryByText(/-1/)).toBeNull();
    expect(screen.getByText(/2 shown/)).toBeTruthy();
  });

  it("teaches when it is empty, but says 'nothing matches' when filtered", () => {
    const { unmount } = render(<Host query={query([])} />);
    expect(screen.getByText("teach me")).toBeTruthy();
    unmount();
    render(<Host query={query([])} state={{ layer: ["vip"] }} />);
    expect(screen.getByText("Nothing matches")).toBeTruthy();
  });

  it("says what failed, with its id", () => {
    const error = { status: 500, code: "internal", detail: "something went wrong on our side", request_id: "req_1" };
    render(<Host query={query([], { data: undefined, error })} />);
    expect(screen.getByRole("alert").textContent).toContain("something went wrong");
    expect(screen.getByText(/req_1/)).toBeTruthy();
  });
});
