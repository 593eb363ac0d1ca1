import { CopyOutlined, DeleteOutlined, HolderOutlined } from "@ant-design/icons";
import {
  type Announcements,
  closestCenter,
  DndContext,
  type DragEndEvent,
  DragOverlay,
  KeyboardSensor,
  PointerSensor,
  useDraggable,
  useDroppable,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import { Why } from "@huoshui/ui";
import { Button, Tooltip } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Block, freshID, type Kind } from "./design";
import { freshBlock, kinds, saysOf } from "./kinds";

const all = Object.keys(kinds) as Kind[];
const fromPalette = "new:";
const canvasID = "canvas";

/** The palette and the blocks of a page: dragged by hand or by keyboard. */
export function Canvas(props: {
  blocks: readonly Block[];
  chosen: string;
  wrong: string;
  readOnly: boolean;
  onChoose: (id: string) => void;
  onAdd: (block: Block, at: number) => void;
  onMove: (from: number, to: number) => void;
  onRemove: (id: string) => void;
}) {
  const { t } = useTranslation();
  const [held, setHeld] = useState<string>();
  const { blocks } = props;
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 6 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const kindName = (kind: Kind) => t(`store.blocks.${kind}`);
  const nameOf = (id: string | number) => {
    const text = String(id);
    const kind = text.startsWith(fromPalette)
      ? (text.slice(fromPalette.length) as Kind)
      : blocks.find((b) => b.id === text)?.kind;
    return kind ? kindName(kind) : "";
  };
  const place = (id: string | number | undefined) => {
    const at = blocks.findIndex((b) => b.id === id);
    return at < 0 ? blocks.length : at;
  };
  const add = (kind: Kind, at: number) => props.onAdd(freshBlock(kind, freshID(kind, blocks)), at);
  const end = ({ active, over }: DragEndEvent) => {
    setHeld(undefined);
    if (!over) {
      return;
    }
    const id = String(active.id);
    if (id.startsWith(fromPalette)) {
      add(id.slice(fromPalette.length) as Kind, place(over.id));
    } else if (over.id !== canvasID) {
      props.onMove(place(id), place(over.id));
    }
  };
  const said: Announcements = {
    onDragStart: ({ active }) => t("store.moved.start", { name: nameOf(active.id), n: place(active.id) + 1 }),
    onDragOver: ({ over }) => (over ? t("store.moved.over", { n: place(over.id) + 1 }) : undefined),
    onDragEnd: ({ over }) => (over ? t("store.moved.end", { n: place(over.id) + 1 }) : t("store.moved.cancel")),
    onDragCancel: () => t("store.moved.cancel"),
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragStart={({ active }) => setHeld(String(active.id))}
      onDragEnd={end}
      onDragCancel={() => setHeld(undefined)}
      accessibility={{ announcements: said, screenReaderInstructions: { draggable: t("store.canvas_why") } }}
    >
      <section className="store-palette hs-panel" aria-label={t("store.palette")}>
        <h2>
          {t("store.palette")}
          <Why>{t("store.palette_why")}</Why>
        </h2>
        {all.map((kind) => (
          <PaletteItem key={kind} kind={kind} disabled={props.readOnly} onAdd={() => add(kind, blocks.length)} />
        ))}
      </section>
      <section className="store-canvas hs-panel" aria-label={t("store.canvas")}>
        <h2>
          {t("store.canvas")}
          <Why>{t("store.canvas_why")}</Why>
        </h2>
        <Drop empty={blocks.length === 0}>
          <SortableContext items={blocks.map((b) => b.id)} strategy={verticalListSortingStrategy}>
            {blocks.map((b, i) => (
              <Item
                key={b.id}
                block={b}
                chosen={b.id === props.chosen}
                wrong={b.id === props.wrong}
                readOnly={props.readOnly}
                onChoose={() => props.onChoose(b.id)}
                onCopy={() => props.onAdd({ ...structuredClone(b), id: freshID(b.kind, blocks) }, i + 1)}
                onRemove={() => props.onRemove(b.id)}
              />
            ))}
          </SortableContext>
          {blocks.length === 0 ? <p className="store-empty">{t("store.canvas_empty")}</p> : null}
        </Drop>
      </section>
      <DragOverlay dropAnimation={null}>{held ? <div className="store-held">{nameOf(held)}</div> : null}</DragOverlay>
    </DndContext>
  );
}

function Drop(props: { empty: boolean; children: React.ReactNode }) {
  const { setNodeRef, isOver } = useDroppable({ id: canvasID });
  return (
    <div ref={setNodeRef} className="store-drop" data-over={isOver || undefined} data-empty={props.empty || undefined}>
      {props.children}
    </div>
  );
}

function PaletteItem(props: { kind: Kind; disabled: boolean; onAdd: () => void }) {
  const { t } = useTranslation();
  const { setNodeRef, listeners } = useDraggable({ id: fromPalette + props.kind, disabled: props.disabled });
  return (
    <button
      ref={setNodeRef}
      type="button"
      className="store-kind"
      data-kind={props.kind}
      disabled={props.disabled}
      onPointerDown={listeners?.onPointerDown as React.PointerEventHandler | undefined} // by keyboard it is added at the end
      onClick={props.onAdd}
    >
      {kinds[props.kind].icon}
      {t(`store.blocks.${props.kind}`)}
    </button>
  );
}

function Item(props: {
  block: Block;
  chosen: boolean;
  wrong: boolean;
  readOnly: boolean;
  onChoose: () => void;
  onCopy: () => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const { block } = props;
  const s = useSortable({ id: block.id, disabled: props.readOnly });
  const name = t(`store.blocks.${block.kind}`);
  return (
    <div
      ref={s.setNodeRef}
      className="store-item"
      data-block={block.id}
      data-chosen={props.chosen || undefined}
      data-wrong={props.wrong || undefined}
      data-held={s.isDragging || undefined}
      style={{ transform: CSS.Translate.toString(s.transform), transition: s.transition }}
    >
      {props.readOnly ? null : (
        <button
          type="button"
          ref={s.setActivatorNodeRef}
          className="store-handle"
          {...s.attributes}
          {...s.listeners}
          aria-label={t("store.drag", { name })}
        >
          <HolderOutlined />
        </button>
      )}
      <button type="button" className="store-name" aria-pressed={props.chosen} onClick={props.onChoose}>
        {kinds[block.kind].icon}
        <span>{name}</span>
        <small>{saysOf(block)}</small>
      </button>
      {props.readOnly ? null : (
        <span className="store-acts">
          <Tooltip title={t("store.copy")}>
            <Button
              size="small"
              type="text"
              aria-label={t("store.copy")}
              icon={<CopyOutlined />}
              onClick={props.onCopy}
            />
          </Tooltip>
          <Tooltip title={t("store.remove")}>
            <Button
              size="small"
              type="text"
              aria-label={t("store.remove")}
              icon={<DeleteOutlined />}
              onClick={props.onRemove}
            />
          </Tooltip>
        </span>
      )}
    </div>
  );
}
