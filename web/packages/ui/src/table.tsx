import {
  CloseOutlined,
  DeleteOutlined,
  DownloadOutlined,
  FilterOutlined,
  PushpinOutlined,
  SearchOutlined,
  TableOutlined,
} from "@ant-design/icons";
import type { KeysetPage } from "@huoshui/api";
import { App, Button, Checkbox, Dropdown, Input, Popover, Table, Tooltip } from "antd";
import type { ColumnType, TableRowSelection } from "antd/es/table/interface";
import { type Key, lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { filterText } from "./filter-text";
import { formatCount } from "./format";
import { ErrorNote } from "./page";
import { useReader } from "./provider";
import { activeFilters, type Filter, rememberedColumns, sortOf, type TableState, toCSV, useViews } from "./table-state";

// The forms of filters hold a calendar; they are read when the first is opened.
const LazyEditor = lazy(() => import("./filters"));

function FilterEditor<State extends TableState>(props: {
  filter: Filter;
  state: State;
  onState: (patch: Partial<State>) => void;
  onDone: () => void;
}) {
  return (
    <Suspense fallback={<div className="hs-skeleton" style={{ width: 160, height: 24 }} />}>
      <LazyEditor {...props} onState={(patch) => props.onState(patch as Partial<State>)} />
    </Suspense>
  );
}

/** One column of a DataTable. */
export interface Column<Row> {
  key: string;
  title: string;
  /** Explains the figure, on hover of the heading. */
  definition?: ReactNode;
  render: (row: Row) => ReactNode;
  /** The plain value for export; a column without one is not exported. */
  value?: (row: Row) => string | number | boolean | null | undefined;
  /** Figures are "right". */
  align?: "left" | "right" | "center";
  width?: number;
  /** The API can sort by this key. */
  sort?: boolean;
  /** Not shown until chosen. */
  hidden?: boolean;
  ellipsis?: boolean;
}

/** What a DataTable needs of `$api.useInfiniteQuery(…, keyset)`. */
export interface ListQuery<Row> {
  data: { pages: readonly KeysetPage<Row>[] } | undefined;
  error: unknown;
  isPending: boolean;
  isFetching: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

/** What a plain, complete list looks like to a DataTable. */
export function wholeList<Row>(query: {
  data: readonly Row[] | undefined;
  error: unknown;
  isPending: boolean;
  isFetching: boolean;
  refetch: () => unknown;
}): ListQuery<Row> {
  return {
    ...query,
    data: query.data && { pages: [{ items: [...query.data], total: query.data.length }] },
    hasNextPage: false,
    isFetchingNextPage: false,
    fetchNextPage: () => undefined,
  };
}

/** antd repeats the headings in a hidden row that measures; a box there must not take the focus. */
function outOfReach(heading: HTMLElement | null) {
  if (heading?.closest(".ant-table-measure-row")) {
    heading.inert = true;
  }
}

/**
 * A list that an operator works in: chips of filters and saved views above (all state in the URL of the caller),
 * 40 px rows, sticky heading and first column, keyset paging with an honest total, a choice of columns, export.
 * A click or Enter on a row opens it.
 */
export function DataTable<Row extends object, State extends TableState>(props: {
  /** Names the table, for remembered columns and views. */
  id: string;
  query: ListQuery<Row>;
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  state: State;
  onState: (patch: Partial<State>) => void;
  filters?: readonly Filter[];
  /** Placeholder of the search box over `state.q`; none when absent. */
  search?: string;
  onOpen?: (row: Row) => void;
  openKey?: string;
  /** Where the whole list can be downloaded; without it, what is shown is exported. */
  exportURL?: string;
  exportable?: boolean;
  selection?: { keys: readonly string[]; onChange: (keys: string[]) => void };
  toolbar?: ReactNode;
  /** What is shown when the list is empty without any filter. */
  empty?: ReactNode;
  pageSize?: number;
  /** In a drawer or a card the heading sticks to its own top. */
  inset?: boolean;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { query, state, onState, columns } = props;
  const filters = props.filters ?? [];
  const [chosen, setChosen] = useState(() => rememberedColumns.read(props.id));
  const shown = columns.filter((c, i) => i === 0 || (chosen ? chosen.includes(c.key) : !c.hidden));
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const first = query.data?.pages[0];
  const sort = sortOf(state.sort);
  const active = activeFilters(filters, state);
  const filtered = active.length > 0 || Boolean(state.q);

  // Nothing at all, not even something that the filters hide: then the place teaches, and tools would be noise.
  const nothing = !query.isPending && !query.error && rows.length === 0 && !filtered && props.empty !== undefined;

  const antColumns: ColumnType<Row>[] = shown.map((c, i) => ({
    key: c.key,
    dataIndex: c.key,
    title: c.definition ? (
      <Tooltip title={c.definition}>
        <span className="hs-th-why">{c.title}</span>
      </Tooltip>
    ) : (
      c.title
    ),
    render: (_: unknown, row: Row) => c.render(row),
    align: c.align,
    width: c.width ?? (c.align === "right" ? 120 : 160),
    fixed: i === 0 ? "left" : undefined,
    ellipsis: c.ellipsis ?? true,
    className: c.align === "right" ? "hs-num" : undefined,
    sorter: c.sort,
    sortOrder: c.sort && sort.key === c.key ? (sort.descending ? "descend" : "ascend") : null,
    sortDirections: c.align === "right" ? ["descend", "ascend"] : ["ascend", "descend"],
    showSorterTooltip: false,
  }));
  const width = shown.reduce((sum, c) => sum + (c.width ?? (c.align === "right" ? 120 : 160)), 0);

  const selection: TableRowSelection<Row> | undefined = props.selection && {
    selectedRowKeys: [...props.selection.keys],
    onChange: (keys: Key[]) => props.selection?.onChange(keys.map(String)),
    columnWidth: 40,
    // two deep: antd takes the ref off what it repeats
    columnTitle: (all) => (
      <span>
        <span ref={outOfReach}>{all}</span>
      </span>
    ),
    fixed: true,
  };

  return (
    <div className="hs-table" data-inset={props.inset || undefined}>
      <div className="hs-table-bar" hidden={nothing}>
        <div className="hs-chips">
          {props.search ? (
            <SearchBox
              value={state.q ?? ""}
              placeholder={props.search}
              onSearch={(q) => onState({ q } as Partial<State>)}
            />
          ) : null}
          {active.map((filter) => (
            <FilterChip key={filter.key} filter={filter} state={state} onState={onState} />
          ))}
          {filters.length > active.length ? (
            <AddFilter filters={filters.filter((f) => !active.includes(f))} state={state} onState={onState} />
          ) : null}
          {filtered ? (
            <Button type="text" size="small" onClick={() => onState(cleared(filters) as Partial<State>)}>
              {t("ui.table.clear")}
            </Button>
          ) : null}
        </div>
        <div className="hs-table-tools">
          {props.toolbar}
          {filters.length > 0 ? <Views id={props.id} filters={filters} state={state} onState={onState} /> : null}
          {columns.length > 3 ? (
            <ColumnChooser
              columns={columns}
              shown={shown.map((c) => c.key)}
              onChange={(keys) => {
                rememberedColumns.write(props.id, keys);
                setChosen(keys);
              }}
            />
          ) : null}
          {props.exportable === false ? null : (
            <Export id={props.id} url={props.exportURL} rows={rows} columns={shown} />
          )}
        </div>
      </div>
      {query.error && rows.length === 0 ? (
        <ErrorNote error={query.error} onRetry={() => void query.refetch()} />
      ) : nothing ? (
        props.empty
      ) : (
        <>
          <Table<Row>
            size="middle"
            rowKey={props.rowKey}
            columns={antColumns}
            dataSource={rows}
            pagination={false}
            sticky={props.inset ? true : { offsetHeader: 48 }}
            scroll={{ x: width }}
            tableLayout="fixed"
            rowSelection={selection}
            loading={query.isFetching && !query.isFetchingNextPage && !query.isPending ? { delay: 300 } : false}
            locale={{
              emptyText: query.isPending ? (
                <TableSkeleton />
              ) : (
                <div className="hs-table-nothing">{t("ui.table.nothing")}</div>
              ),
            }}
            rowClassName={(row) => (props.openKey && props.rowKey(row) === props.openKey ? "hs-row-open" : "")}
            onRow={
              props.onOpen &&
              ((row) => ({
                tabIndex: 0,
                className: "hs-row-link",
                onClick: (event) => {
                  if (!(event.target as HTMLElement).closest("a,button,input,label")) {
                    props.onOpen?.(row);
                  }
                },
                onKeyDown: (event) => {
                  if (event.key === "Enter" && event.target === event.currentTarget) {
                    props.onOpen?.(row);
                  }
                },
              }))
            }
            onChange={(_pagination, _filters, sorter) => {
              const by = Array.isArray(sorter) ? sorter[0] : sorter;
              const sortText = by?.order ? `${by.order === "descend" ? "-" : ""}${String(by.columnKey)}` : "";
              onState({ sort: sortText } as Partial<State>);
            }}
          />
          {query.error ? <ErrorNote small error={query.error} onRetry={() => void query.refetch()} /> : null}
          <div className="hs-table-foot">
            <span className="hs-num">
              {first && counted(first)
                ? t(first.total_is_estimate ? "ui.table.total_about" : "ui.table.total", {
                    total: formatCount(first.total, language),
                  })
                : null}
              {rows.length > 0 && (query.hasNextPage || !counted(first)) ? (
                <span className="hs-secondary">
                  {first && counted(first) ? t("ui.table.comma") : null}
                  {t("ui.table.shown", { shown: formatCount(rows.length, language) })}
                </span>
              ) : null}
            </span>
            {query.hasNextPage ? (
              <Button size="small" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t("ui.table.more", { n: props.pageSize ?? 50 })}
              </Button>
            ) : null}
          </div>
        </>
      )}
    </div>
  );
}

/** Whether the API counted the list: -1 says that it did not. */
export function counted<Row>(page: KeysetPage<Row> | undefined): page is KeysetPage<Row> & { total: number } {
  return typeof page?.total === "number" && page.total >= 0;
}

function cleared(filters: readonly Filter[]): TableState {
  const patch: TableState = { q: "" };
  for (const f of filters) {
    if (f.kind === "number" || f.kind === "money" || f.kind === "date") {
      patch[`${f.key}_min`] = "";
      patch[`${f.key}_max`] = "";
    } else {
      patch[f.key] = f.kind === "choice" && f.many ? [] : "";
    }
  }
  return patch;
}

function TableSkeleton() {
  const { t } = useTranslation();
  return (
    <div className="hs-table-skeleton" role="status" aria-label={t("ui.loading")}>
      {Array.from({ length: 8 }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars are alike and never move
        <span key={i} className="hs-skeleton" style={{ width: `${88 - ((i * 13) % 40)}%` }} />
      ))}
    </div>
  );
}

/** A search box that asks a moment after the last key, or at once on Enter. */
export function SearchBox(props: { value: string; placeholder: string; onSearch: (q: string) => void }) {
  const [text, setText] = useState(props.value);
  const asked = useRef(props.value);
  const { onSearch } = props;
  useEffect(() => {
    if (props.value !== asked.current) {
      asked.current = props.value;
      setText(props.value);
    }
  }, [props.value]);
  useEffect(() => {
    if (text === asked.current) {
      return;
    }
    const timer = setTimeout(() => {
      asked.current = text;
      onSearch(text.trim());
    }, 250);
    return () => clearTimeout(timer);
  }, [text, onSearch]);
  return (
    <Input
      className="hs-search"
      size="small"
      allowClear
      prefix={<SearchOutlined aria-hidden />}
      aria-label={props.placeholder}
      placeholder={props.placeholder}
      value={text}
      onChange={(e) => setText(e.target.value)}
      onPressEnter={() => {
        asked.current = text;
        onSearch(text.trim());
      }}
    />
  );
}

function FilterChip<State extends TableState>(props: {
  filter: Filter;
  state: State;
  onState: (patch: Partial<State>) => void;
}) {
  const { t } = useTranslation();
  const reader = useReader();
  const [open, setOpen] = useState(false);
  const { filter } = props;
  return (
    <span className="hs-chip">
      <Popover
        open={open}
        onOpenChange={setOpen}
        trigger="click"
        placement="bottomLeft"
        content={
          <FilterEditor filter={filter} state={props.state} onState={props.onState} onDone={() => setOpen(false)} />
        }
      >
        <button type="button" className="hs-chip-text">
          {filter.label}
          {reader.language === "zh" ? "：" : ": "}
          <b>{filterText(filter, props.state, t, reader)}</b>
        </button>
      </Popover>
      <button
        type="button"
        className="hs-chip-remove"
        aria-label={t("ui.table.remove_filter", { label: filter.label })}
        onClick={() => {
          const patch = cleared([filter]);
          delete patch.q;
          props.onState(patch as Partial<State>);
        }}
      >
        <CloseOutlined />
      </button>
    </span>
  );
}

function AddFilter<State extends TableState>(props: {
  filters: readonly Filter[];
  state: State;
  onState: (patch: Partial<State>) => void;
}) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState<Filter>();
  const [open, setOpen] = useState(false);
  return (
    <Popover
      open={open}
      onOpenChange={(next) => {
        setOpen(next);
        if (!next) {
          setEditing(undefined);
        }
      }}
      trigger="click"
      placement="bottomLeft"
      content={
        editing ? (
          <FilterEditor filter={editing} state={props.state} onState={props.onState} onDone={() => setOpen(false)} />
        ) : (
          <ul className="hs-menu">
            {props.filters.map((f) => (
              <li key={f.key}>
                <button
                  type="button"
                  onClick={() => {
                    if (f.kind === "flag") {
                      props.onState({ [f.key]: "true" } as Partial<State>);
                      setOpen(false);
                    } else {
                      setEditing(f);
                    }
                  }}
                >
                  {f.label}
                </button>
              </li>
            ))}
          </ul>
        )
      }
    >
      <Button size="small" className="hs-chip-add" icon={<FilterOutlined />}>
        {t("ui.table.filter")}
      </Button>
    </Popover>
  );
}

function ColumnChooser<Row>(props: {
  columns: readonly Column<Row>[];
  shown: readonly string[];
  onChange: (keys: string[] | undefined) => void;
}) {
  const { t } = useTranslation();
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      content={
        <div className="hs-columns">
          <Checkbox.Group
            value={[...props.shown]}
            onChange={(keys) => props.onChange(keys.map(String))}
            options={props.columns.map((c, i) => ({ value: c.key, label: c.title, disabled: i === 0 }))}
          />
          <Button type="link" size="small" onClick={() => props.onChange(undefined)}>
            {t("ui.table.columns_reset")}
          </Button>
        </div>
      }
    >
      <Button size="small" type="text" icon={<TableOutlined />} aria-label={t("ui.table.columns")}>
        {t("ui.table.columns")}
      </Button>
    </Popover>
  );
}

function Export<Row>(props: { id: string; url?: string; rows: readonly Row[]; columns: readonly Column<Row>[] }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const save = () => {
    const url = URL.createObjectURL(new Blob([toCSV(props.columns, props.rows)], { type: "text/csv;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${props.id}.csv`;
    link.click();
    URL.revokeObjectURL(url);
  };
  const label = t("ui.table.export");
  if (props.url) {
    return (
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            { key: "all", label: <a href={props.url}>{t("ui.table.export_all")}</a> },
            {
              key: "shown",
              label: t("ui.table.export_shown", { n: formatCount(props.rows.length, language) }),
              onClick: save,
            },
          ],
        }}
      >
        <Button size="small" type="text" icon={<DownloadOutlined />}>
          {label}
        </Button>
      </Dropdown>
    );
  }
  return (
    <Tooltip title={t("ui.table.export_shown", { n: formatCount(props.rows.length, language) })}>
      <Button size="small" type="text" icon={<DownloadOutlined />} disabled={props.rows.length === 0} onClick={save}>
        {label}
      </Button>
    </Tooltip>
  );
}

function Views<State extends TableState>(props: {
  id: string;
  filters: readonly Filter[];
  state: State;
  onState: (patch: Partial<State>) => void;
}) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const views = useViews(props.id);
  const [name, setName] = useState("");
  const [open, setOpen] = useState(false);
  const save = () => {
    if (name.trim()) {
      views.save(name.trim(), props.state);
      message.success(name.trim());
      setName("");
      setOpen(false);
    }
  };
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      placement="bottomRight"
      content={
        <div className="hs-views">
          {views.list.length === 0 ? <p className="hs-secondary">{t("ui.table.views_none")}</p> : null}
          <ul className="hs-menu">
            {views.list.map((view) => (
              <li key={view.name}>
                <button
                  type="button"
                  onClick={() => {
                    props.onState({ ...cleared(props.filters), ...view.state } as Partial<State>);
                    setOpen(false);
                  }}
                >
                  {view.name}
                </button>
                <button
                  type="button"
                  className="hs-menu-remove"
                  aria-label={t("ui.table.view_delete", { name: view.name })}
                  onClick={() => views.remove(view.name)}
                >
                  <DeleteOutlined />
                </button>
              </li>
            ))}
          </ul>
          <form
            className="hs-views-save"
            onSubmit={(e) => {
              e.preventDefault();
              save();
            }}
          >
            <Input
              size="small"
              maxLength={40}
              value={name}
              aria-label={t("ui.table.view_name")}
              placeholder={t("ui.table.view_save")}
              onChange={(e) => setName(e.target.value)}
            />
            <Button size="small" htmlType="submit" disabled={!name.trim()}>
              {t("ui.table.view_save_do")}
            </Button>
          </form>
        </div>
      }
    >
      <Button size="small" type="text" icon={<PushpinOutlined />}>
        {t("ui.table.views")}
      </Button>
    </Popover>
  );
}
