import { HolderOutlined } from "@ant-design/icons";
import { closestCenter, DndContext, KeyboardSensor, PointerSensor, useSensor, useSensors } from "@dnd-kit/core";
import { SortableContext, sortableKeyboardCoordinates, useSortable } from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { moved } from "./words";
import "./goods.css";

/** Things whose order is changed by dragging, or by the keyboard: space, arrows, space. */
export function Sortable<T>(props: {
  items: readonly T[];
  idOf: (item: T) => string;
  onOrder: (items: T[]) => void;
  row?: boolean;
  children: (item: T, at: number) => ReactNode;
}) {
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const ids = props.items.map(props.idOf);
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragEnd={({ active, over }) => {
        if (over && active.id !== over.id) {
          props.onOrder(moved(props.items, ids.indexOf(String(active.id)), ids.indexOf(String(over.id))));
        }
      }}
    >
      <SortableContext items={ids}>
        <div className="hs-goods-sortable" data-row={props.row || undefined}>
          {props.items.map((item, i) => (
            <One key={ids[i]} id={ids[i] ?? ""}>
              {props.children(item, i)}
            </One>
          ))}
        </div>
      </SortableContext>
    </DndContext>
  );
}

function One(props: { id: string; children: ReactNode }) {
  const { t } = useTranslation();
  const { attributes, listeners, setNodeRef, transform, transition } = useSortable({ id: props.id });
  return (
    <div ref={setNodeRef} className="hs-goods-one" style={{ transform: CSS.Transform.toString(transform), transition }}>
      <button type="button" className="hs-goods-grip" aria-label={t("goods.drag")} {...attributes} {...listeners}>
        <HolderOutlined />
      </button>
      {props.children}
    </div>
  );
}
