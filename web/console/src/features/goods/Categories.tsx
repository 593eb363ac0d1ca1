import { DeleteOutlined, EyeInvisibleOutlined, EyeOutlined, PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { Empty, ErrorNote } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Input, Modal, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { Sortable } from "./Sortable";
import type { Category } from "./words";

/** The shelves: two levels, named, hidden and put in order. */
export function Categories(props: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const all = $api.useQuery("get", "/api/v1/goods/categories");
  const quiet = { meta: { quiet: true } } as const;
  const save = $api.useMutation("post", "/api/v1/goods/categories", quiet);
  const remove = $api.useMutation("delete", "/api/v1/goods/categories/{id}", quiet);
  const order = $api.useMutation("put", "/api/v1/goods/categories/order", quiet);
  const error = save.error ?? remove.error ?? order.error;
  const items = all.data?.items ?? [];
  const under = (parent: string) => items.filter((c) => c.parent === parent);
  const done = () =>
    client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/goods/categories") });
  const run = async (work: () => Promise<unknown>) => {
    save.reset();
    remove.reset();
    order.reset();
    await work().catch(() => undefined);
    await done();
  };
  const write = (c: Category) => run(() => save.mutateAsync({ body: c }));
  const add = (parent: string) =>
    write({ id: "", parent, name: t("goods.category_new"), picture: "", place: under(parent).length, hidden: false });
  const sort = (parent: string) => (sorted: Category[]) =>
    void run(() => order.mutateAsync({ body: { parent, ids: sorted.map((c) => c.id) } }));
  const row = (c: Category) => (
    <>
      <Input
        key={c.name}
        className="hs-goods-wide"
        size="small"
        aria-label={t("goods.category_name")}
        defaultValue={c.name}
        maxLength={20}
        onBlur={(e) => {
          const name = e.target.value.trim();
          if (name && name !== c.name) {
            void write({ ...c, name });
          }
        }}
        onPressEnter={(e) => e.currentTarget.blur()}
      />
      <Tooltip title={t(c.hidden ? "goods.category_show" : "goods.category_hide")}>
        <Button
          size="small"
          type="text"
          aria-label={t(c.hidden ? "goods.category_show" : "goods.category_hide")}
          icon={c.hidden ? <EyeInvisibleOutlined /> : <EyeOutlined />}
          onClick={() => void write({ ...c, hidden: !c.hidden })}
        />
      </Tooltip>
      <Button
        size="small"
        type="text"
        aria-label={t("goods.category_delete", { name: c.name })}
        icon={<DeleteOutlined />}
        onClick={() => void run(() => remove.mutateAsync({ params: { path: { id: c.id } } }))}
      />
    </>
  );
  return (
    <Modal open width={560} title={t("goods.categories")} footer={null} onCancel={props.onClose}>
      <div className="hs-trade-stack">
        {error ? <ErrorNote error={error} small /> : null}
        {items.length === 0 && !all.isPending ? (
          <Empty small title={t("goods.categories_empty")}>
            {t("goods.categories_text")}
          </Empty>
        ) : null}
        <Sortable items={under("")} idOf={(c) => c.id} onOrder={sort("")}>
          {(c) => (
            <div className="hs-goods-wide">
              <div className="hs-goods-one">
                {row(c)}
                <Button
                  size="small"
                  type="text"
                  aria-label={t("goods.category_under", { name: c.name })}
                  icon={<PlusOutlined />}
                  onClick={() => void add(c.id)}
                />
              </div>
              <div className="hs-goods-child">
                <Sortable items={under(c.id)} idOf={(k) => k.id} onOrder={sort(c.id)}>
                  {(k) => row(k)}
                </Sortable>
              </div>
            </div>
          )}
        </Sortable>
        <Button icon={<PlusOutlined />} onClick={() => void add("")}>
          {t("goods.category_add")}
        </Button>
      </div>
    </Modal>
  );
}
